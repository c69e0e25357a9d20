/** Rooms of the server, as its users may list them. */

import { useEffect, useState } from "react";
import { compareNames } from "../../../base/names.ts";
import { shownTitle } from "../../../core/client/chat-record.ts";
import { roomTitle } from "../../../ui/text/target-text.ts";
import { type ListedRoom, roomListsOf } from "../../driver/room-lists.ts";
import { type RunningTask, usePage, useTask } from "../shell/context.tsx";

const NO_ROOMS: readonly ListedRoom[] = [];

export function titleOfEntry({ room: name, title }: ListedRoom): string {
  return roomTitle({ name, title: shownTitle(title) });
}

interface ListedRooms {
  readonly rooms: readonly ListedRoom[];
  readonly task: RunningTask;
}

export function useRoomList(): ListedRooms {
  const { chat } = usePage();
  const task = useTask();
  const [rooms, setRooms] = useState(NO_ROOMS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => {
    task.run(async () => {
      for await (const entries of roomListsOf(chat).pages())
        setRooms((before) => [...before, ...entries].sort((a, b) => compareNames(a.room, b.room)));
    });
  }, []);
  return { rooms, task };
}

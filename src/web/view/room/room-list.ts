/** Rooms of the server, as its users may list them. */

import { createContext, useEffect, useState } from "react";
import { compareNames } from "../../../base/names.ts";
import { shownTitle } from "../../../core/client/chat-record.ts";
import { roomTitle } from "../../../ui/text/target-text.ts";
import type { PageClient } from "../../driver/page-client.ts";
import { type ListedRoom, RoomLists } from "../../driver/room-lists.ts";
import { type RunningTask, usePage, useTask } from "../shell/context.tsx";

const NO_ROOMS: readonly ListedRoom[] = [];

export function titleOfEntry({ room: name, title }: ListedRoom): string {
  return roomTitle({ name, title: shownTitle(title) });
}

export function newRoomLists({ request }: PageClient): RoomLists {
  return new RoomLists(request, () => performance.now());
}

/** The list that all messages share; `undefined` outside of the rooms, as in a dialog. */
export const RoomListsContext = createContext<RoomLists | undefined>(undefined);

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
      for await (const entries of newRoomLists(chat).pages())
        setRooms((before) => [...before, ...entries].sort((a, b) => compareNames(a.room, b.room)));
    });
  }, []);
  return { rooms, task };
}

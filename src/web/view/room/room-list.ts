/** Rooms of the server, as its users may list them. */

import { useEffect, useState } from "react";
import { compareNames } from "../../../base/names.ts";
import { shownTitle } from "../../../core/client/chat-record.ts";
import { roomTitle } from "../../../ui/text/target-text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { type RunningTask, usePage, useTask } from "../shell/context.tsx";

export type ListedRoom = Answer<"rooms">["rooms"][number];

const NO_ROOMS: readonly ListedRoom[] = [];
const PAGES_MAX = 20;

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
      let after: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const { rooms: entries, more } = await chat.request("rooms", { after });
        setRooms((before) => [...before, ...entries].sort((a, b) => compareNames(a.room, b.room)));
        after = entries.at(-1)?.room;
        if (!more) return;
      }
    });
  }, []);
  return { rooms, task };
}

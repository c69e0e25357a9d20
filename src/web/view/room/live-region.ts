/** Announces new messages to screen readers. */

import { useEffect, useRef } from "react";
import { isMessage } from "../../../core/model/item.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { usePage } from "../shell/context.tsx";

/** Maximum number of messages read aloud; with more, only the count is announced. */
const SPOKEN_MAX = 2;
const ANNOUNCE_INTERVAL_MS = 1_000;

export function useLiveRegion(room: RoomState | undefined, me: string): void {
  const { announce, texts, times } = usePage();
  const spoken = useRef({ room: "", n: 0 });
  const latestRoom = useRef(room);
  latestRoom.current = room;
  const id = room?.id ?? "";
  useEffect(() => {
    spoken.current = { room: id, n: latestRoom.current?.receivedN ?? 0 };
    const timer = setInterval(() => {
      const current = latestRoom.current;
      if (current === undefined || current.receivedN <= spoken.current.n) return;
      const { n } = spoken.current;
      spoken.current = { room: id, n: current.receivedN };
      const announcements: string[] = [];
      for (let i = current.tail.items.length - 1; i >= 0; i--) {
        const item = current.tail.items[i];
        if (item === undefined || item.n <= n) break;
        if (item.from === me || !isMessage(item)) continue;
        announcements.unshift(
          texts.newFrom(authorText(item, texts), briefText(item, texts, times)),
        );
      }
      if (announcements.length > SPOKEN_MAX) announce(texts.newMany(announcements.length));
      else if (announcements.length > 0) announce(announcements.join(". "));
    }, ANNOUNCE_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [id, me, announce, texts, times]);
}

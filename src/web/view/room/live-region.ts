/** Announces new messages to screen readers. */

import { useEffect, useRef } from "react";
import { isMessage } from "../../../core/model/item.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { usePage } from "../shell/context.tsx";

/** Maximum messages read aloud at a time; more are only counted. */
const SPOKEN_MAX = 2;
const ANNOUNCE_INTERVAL_MS = 1_000;

export function useLiveRegion(room: RoomState | undefined, me: string): void {
  const { say, texts, times } = usePage();
  const spoken = useRef({ room: "", n: 0 });
  const latest = useRef(room);
  latest.current = room;
  const id = room?.id ?? "";
  useEffect(() => {
    spoken.current = { room: id, n: latest.current?.receivedN ?? 0 };
    const timer = setInterval(() => {
      const now = latest.current;
      if (now === undefined || now.receivedN <= spoken.current.n) return;
      const { n } = spoken.current;
      spoken.current = { room: id, n: now.receivedN };
      const fresh: string[] = [];
      for (let i = now.tail.items.length - 1; i >= 0; i--) {
        const item = now.tail.items[i];
        if (item === undefined || item.n <= n) break;
        if (item.from === me || !isMessage(item)) continue;
        fresh.unshift(texts.newFrom(authorText(item, texts), briefText(item, texts, times)));
      }
      if (fresh.length > SPOKEN_MAX) say(texts.newMany(fresh.length));
      else if (fresh.length > 0) say(fresh.join(". "));
    }, ANNOUNCE_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [id, me, say, texts, times]);
}

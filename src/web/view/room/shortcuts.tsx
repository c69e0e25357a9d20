/** Keyboard shortcuts on the chat page. */

import { useEffect, useRef } from "react";
import type { RoomList } from "../../../core/model/selectors.ts";
import { helpOf } from "../../input/help-view.ts";
import { keyAction } from "../../input/keys.ts";
import type { FinderStore } from "../finder/store.ts";
import { usePage } from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";

export interface ShortcutProps {
  readonly lines: RoomList;
  readonly onOpen: (target: string) => void;
  readonly find: FinderStore["find"];
  /** The open room or conversation. */
  readonly target: string | undefined;
  readonly side: string | undefined;
  readonly closeSide: () => void;
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

/** Elements whose keys have a meaning of their own. Others of the conversation have none. */
export const KEYED =
  "input, textarea, select, audio, video, [role=menu], [role=listbox], [role=slider]";

/** A click on a message focuses it, also in order to read it or to end a selection. */
function isInConversation(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest("#messages") !== null && !target.closest(KEYED)
  );
}

function focusComposer(): void {
  document.querySelector<HTMLElement>(".composer textarea")?.focus();
}

function neighbour({ lines }: ShortcutProps, step: number, isUnread: boolean): string | undefined {
  const entries = [...lines.rooms, ...lines.people];
  const at = entries.findIndex(({ isOpen }) => isOpen);
  for (let i = 1; i <= entries.length; i++) {
    const line = entries[(Math.max(at, 0) + step * i + entries.length * i) % entries.length];
    if (line !== undefined && (!isUnread || line.unread > 0)) return line.target;
  }
  return undefined;
}

export function useShortcuts(props: ShortcutProps): void {
  const page = usePage();
  const { settings } = page;
  const help = helpOf(page);
  const latestSettings = useRef(settings);
  latestSettings.current = settings;
  const latestProps = useRef(props);
  latestProps.current = props;
  useEffect(() => {
    const open = (target: string | undefined) => {
      if (target !== undefined) latestProps.current.onOpen(target);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
      const { find, target, side, closeSide } = latestProps.current;
      if (event.key === "Escape" && side === "thread") {
        return closeSide();
      }
      const isOnPage = event.target === document.body || isInConversation(event.target);
      const action = keyAction(event, isField(event.target), isOnPage);
      if (action === undefined) return;
      const isSingleKey = action === "composer" || action === "help";
      if (isSingleKey && !latestSettings.current.singleKeys) return;
      if (action === "type") return focusComposer(); // The composer then receives the letter.
      event.preventDefault();
      switch (action) {
        case "previous-room":
        case "next-room":
          return open(neighbour(latestProps.current, action === "next-room" ? 1 : -1, false));
        case "previous-unread":
        case "next-unread":
          return open(neighbour(latestProps.current, action === "next-unread" ? 1 : -1, true));
        case "switcher":
          return find();
        case "search":
          return find({ target });
        case "help":
          return help.open();
        default:
          return focusComposer();
      }
    };
    return listen(window, "keydown", onKeyDown); // After the layers, which also use Escape.
  }, [help]);
}

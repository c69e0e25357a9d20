/** Slots for the card of many new messages and what belongs to it, which load them. */

import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { type NewMessages, newMessagesOf } from "../../../core/model/new-messages.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { useModelValue, usePage } from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";
import { LazyModule, useModule } from "../shell/lazy.ts";
import { addStyleSheet } from "../shell/style-sheet.ts";
import type { CatchUpState } from "./catch-up.tsx";
import { KEYED } from "./shortcuts.tsx";

/** Most rooms have few new messages. */
const catchUpModule = new LazyModule(async () => {
  const { AllReadUndo, CatchUpCard, CatchUpFoot, catchUpSheets } = await import("./catch-up.tsx");
  await Promise.all(catchUpSheets.map(addStyleSheet));
  return { AllReadUndo, CatchUpCard, CatchUpFoot };
});

/** Shared by the card in the list and what is at the foot of the conversation. */
export class CatchUpStore {
  state: CatchUpState = {};
  readonly #listeners = new Set<() => void>();

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(change: CatchUpState): void {
    this.state = { ...this.state, ...change };
    for (const listener of [...this.#listeners]) listener();
  }
}

interface CatchUpContent {
  readonly messages: NewMessages | undefined;
  readonly store: CatchUpStore;
}

export const CatchUpContext = createContext<CatchUpContent>({
  messages: undefined,
  store: new CatchUpStore(),
});

export function useCatchUpContent(room: RoomState | undefined): CatchUpContent {
  const [store] = useState(() => new CatchUpStore());
  const messages = useNewMessages(room);
  return useMemo(() => ({ messages, store }), [messages, store]);
}

/** Only those that have a card. */
function useNewMessages(room: RoomState | undefined): NewMessages | undefined {
  const known = useRef<NewMessages>(undefined);
  const isFocused = useModelValue((model) => model.isFocused);
  known.current = newMessagesOf(room, known.current, isFocused);
  return known.current?.hasCard === true ? known.current : undefined;
}

/** Below the line of new messages. */
export function CatchUpSlot() {
  const { messages, store } = useContext(CatchUpContext);
  const module = useModule(catchUpModule, messages !== undefined);
  if (messages === undefined || module === undefined) return null;
  return <module.CatchUpCard messages={messages} store={store} />;
}

/** Undoes that rooms were marked as read, where another place covers the conversation. */
export function AllReadSlot() {
  const hasUndo = useModelValue(({ allRead }) => allRead !== undefined);
  const module = useModule(catchUpModule, hasUndo);
  return hasUndo && module !== undefined ? <module.AllReadUndo /> : null;
}

interface FootProps {
  readonly content: CatchUpContent;
  readonly onJump: (target: string, seq: number) => void;
}

/** Steps through what calls the user: `n` and `p` outside of a field, with Alt everywhere. */
function stepOf(event: KeyboardEvent, hasSingleKeys: boolean): 1 | -1 | undefined {
  const { code, altKey, ctrlKey, metaKey, target } = event;
  const step = code === "KeyN" ? 1 : code === "KeyP" ? -1 : undefined;
  if (step === undefined || ctrlKey || metaKey) return undefined;
  if (document.querySelector("dialog[open]") !== null) return undefined;
  const isField = target instanceof Element && target.closest(KEYED) !== null;
  const isInConversation =
    target === document.body || (target instanceof Element && target.closest("#messages") !== null);
  if (!altKey && (isField || !isInConversation || !hasSingleKeys || event.shiftKey))
    return undefined;
  return step;
}

/** Walk, rail and undo, at the foot of the conversation. */
export function CatchUpFootSlot({ content: { messages, store }, onJump }: FootProps) {
  const { chat, settings } = usePage();
  const hasUndo = useModelValue(({ allRead }) => allRead !== undefined);
  const [isWalking, setWalking] = useState(false);
  const isNeeded = messages !== undefined || hasUndo || isWalking;
  const module = useModule(catchUpModule, isNeeded);
  const { singleKeys } = settings;
  const stepAt = useCallback((event: KeyboardEvent) => stepOf(event, singleKeys), [singleKeys]);
  const first = useRef<1 | -1>(undefined);
  const isLoaded = module !== undefined && isNeeded;
  useEffect(() => {
    if (isLoaded) return undefined;
    const onKeyDown = (event: KeyboardEvent) => {
      const step = stepAt(event);
      const { mentions = [] } = openRoom(chat.model) ?? {};
      if (step === undefined || mentions.length === 0) return;
      event.preventDefault();
      event.stopPropagation();
      first.current = step;
      setWalking(true);
    };
    return listen(window, "keydown", onKeyDown, { capture: true });
  }, [chat, stepAt, isLoaded]);
  if (module === undefined || !isNeeded) return null;
  return (
    <module.CatchUpFoot
      messages={messages}
      store={store}
      onJump={onJump}
      stepOf={stepAt}
      startsAt={first}
      onIdle={() => setWalking(false)}
    />
  );
}

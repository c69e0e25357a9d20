/** Toasts, and the toasts for faults of the model. */

import { useEffect, useLayoutEffect, useState, useSyncExternalStore } from "react";
import { useModelValue, useStart } from "./context.tsx";
import { IconButton } from "./icons.tsx";
import { useVisible } from "./polling.ts";
import type { ToastContainer } from "./toast-queue.ts";

function usePause(isEmpty: boolean): {
  readonly onPointer: (hasPointer: boolean) => void;
  readonly onFocus: (hasFocus: boolean) => void;
} {
  const { toasts } = useStart();
  const [hasPointer, onPointer] = useState(false);
  const [hasFocus, onFocus] = useState(false);
  const isVisible = useVisible();
  useEffect(() => {
    if (!isEmpty) return;
    onPointer(false); // An element that is removed under the pointer fires no leave event.
    onFocus(false);
  }, [isEmpty]);
  useEffect(() => {
    toasts.pause(hasPointer || hasFocus || !isVisible);
    return () => toasts.pause(false);
  }, [toasts, hasPointer, hasFocus, isVisible]);
  return { onPointer, onFocus };
}

function ToastList() {
  const { texts, toasts } = useStart();
  const visible = useSyncExternalStore(toasts.subscribe, () => toasts.toasts);
  const { onPointer, onFocus } = usePause(visible.length === 0);
  if (visible.length === 0) return null;
  return (
    <section
      className="toast-list"
      aria-label={texts.pageNotices}
      onMouseEnter={() => onPointer(true)}
      onMouseLeave={() => onPointer(false)}
      onFocus={() => onFocus(true)}
      onBlur={() => onFocus(false)}
    >
      {visible.map(({ id, text, isFault }) => (
        <div key={id} className={isFault ? "toast is-fault" : "toast"}>
          <p dir="auto">{text}</p>
          <IconButton icon="close" label={texts.dismiss} onPress={() => toasts.dismiss(id)} />
        </div>
      ))}
    </section>
  );
}

/** Only the innermost container is active: a modal dialog makes all other containers inert. */
export function Toasts({ level }: ToastContainer) {
  const { toasts } = useStart();
  const [container] = useState<ToastContainer>({ level });
  useLayoutEffect(() => toasts.addContainer(container), [toasts, container]);
  const isActive = useSyncExternalStore(toasts.subscribe, () => toasts.container === container);
  return <div className="toasts">{isActive ? <ToastList /> : null}</div>;
}

export function useModelFaults(): void {
  const { chat, fail } = useStart();
  const faults = useModelValue((model) => model.faults);
  const isOffline = useModelValue((model) => model.connection.kind === "offline");
  useEffect(() => {
    for (const { id, fault } of faults) {
      if (!isOffline || fault.code !== "link-closed") fail(fault);
      chat.actions.dismissFault(id);
    }
  }, [chat, fail, faults, isOffline]);
}

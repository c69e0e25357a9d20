/** Live regions for screen readers, and elements whose texts are announced there. */

import {
  type ComponentProps,
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { type Announce, type AnnouncementKind, AnnouncementQueue } from "./announcement-queue.ts";
import { listen } from "./effects.ts";
import { TIMERS } from "./timers.ts";

const AnnouncerContext = createContext<AnnouncementQueue | undefined>(undefined);

export function useAnnouncer(): AnnouncementQueue {
  const announcer = useContext(AnnouncerContext);
  if (announcer === undefined) throw new Error("useAnnouncer needs an AnnouncerProvider");
  return announcer;
}

export function useAnnounce(): Announce {
  return useAnnouncer().announce;
}

/** The page's announcer, with the region outside of dialogs. */
export function AnnouncerProvider({ children }: { readonly children: ReactNode }) {
  const [announcer] = useState(() => new AnnouncementQueue(TIMERS, () => document.hidden));
  useEffect(() => listen(document, "visibilitychange", () => announcer.flush()), [announcer]);
  return (
    <AnnouncerContext value={announcer}>
      {children}
      <AnnouncementRegions />
    </AnnouncerContext>
  );
}

/** The page and each modal dialog contain these regions, and nothing else is a live region. */
export function AnnouncementRegions() {
  const announcer = useAnnouncer();
  const polite = useRef<HTMLDivElement>(null);
  const urgent = useRef<HTMLDivElement>(null);
  useLayoutEffect(
    () =>
      announcer.addRegion({
        // A new element is announced even if its text equals the previous one.
        add: (text, isUrgent) => {
          const line = document.createElement("p");
          line.textContent = text;
          (isUrgent ? urgent : polite).current?.append(line);
          return () => line.remove();
        },
      }),
    [announcer],
  );
  return (
    <div className="announcements">
      <div ref={polite} className="sr-only" aria-live="polite" />
      <div ref={urgent} className="sr-only" aria-live="assertive" />
    </div>
  );
}

interface AnnouncedProps extends ComponentProps<"p"> {
  readonly kind: AnnouncementKind;
  readonly as?: "p" | "span" | "div" | "summary";
  /** Whether the text is part of a new view, which the user reads anyway. */
  readonly isInitiallyKnown?: boolean;
  /** Cause of the text, such as a fault. A new one is announced although its text is the same. */
  readonly cause?: unknown;
}

/** Element whose text is announced when it appears and whenever it changes. */
export function Announced(props: AnnouncedProps) {
  const { kind, as = "p", isInitiallyKnown = false, cause, ...rest } = props;
  const Tag = as as "p";
  const announce = useAnnounce();
  const ref = useRef<HTMLParagraphElement>(null);
  const previous = useRef(isInitiallyKnown ? undefined : { text: "", cause });
  useEffect(() => {
    const text = ref.current?.textContent ?? "";
    const { current } = previous;
    const isNew = text !== current?.text || (text !== "" && cause !== current.cause);
    if (current !== undefined && isNew) announce(kind, text, ref);
    if (current !== undefined || text !== "") previous.current = { text, cause };
  });
  return <Tag {...rest} ref={ref} />;
}

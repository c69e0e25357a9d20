/**
 * Long posts show 20 lines (page.css) until they are unfolded. How high a text is, only the browser
 * knows; it is asked before the row is shown, so that no row changes its height by itself.
 */

import {
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTexts } from "../shell/context.tsx";

/** Fewer lines more than are shown are not hidden: the button takes some as well. */
const LINES_MAX = 24;
/** A text with fewer letters and lines has no more on the narrowest phone. */
const SHORT_LENGTH = 300;
/** Of a folded text no more is drawn: 20 lines of the widest window. */
const DRAWN_LENGTH = 8_000;
const DRAWN_LINES = 60;
/** Those of longest ago are folded again, once they have been out of sight. */
const UNFOLDED_MAX = 100;

/** What was unfolded stays so while it is scrolled out of sight, where its row is not drawn. */
export class Unfolded {
  readonly #ids = new Set<number | string>();

  has(id: number | string): boolean {
    return this.#ids.has(id);
  }

  set(id: number | string, isOpen: boolean): void {
    this.#ids.delete(id);
    if (!isOpen) return;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (oldest !== undefined && this.#ids.size > UNFOLDED_MAX) this.#ids.delete(oldest);
  }
}

function beginningOf(text: string): string {
  let end = 0;
  for (let lines = 0; lines < DRAWN_LINES; lines++) {
    const next = text.indexOf("\n", end);
    if (next < 0 || next > DRAWN_LENGTH) return text.slice(0, DRAWN_LENGTH);
    end = next + 1;
  }
  return text.slice(0, end - 1);
}

function isShort(text: string): boolean {
  return text.length <= SHORT_LENGTH && text.split("\n").length <= LINES_MAX - 4;
}

/** Whether it has more lines than are shown, in the width that it has now. */
function useIsLong(box: RefObject<HTMLElement | null>, text: string): boolean {
  const [isLong, setLong] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text may be as high as it is
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => {
      const linePx = Number.parseFloat(getComputedStyle(element).lineHeight);
      setLong(element.scrollHeight > LINES_MAX * linePx);
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, text]);
  return isLong;
}

export interface FoldProps {
  /** Of the message, in its room. */
  readonly id: number | string;
  readonly text: string;
  readonly unfolded: Unfolded;
  /** The user has asked to see this message: all of it. */
  readonly isShown?: boolean;
  readonly children: (text: string) => ReactNode;
}

export function Fold(props: FoldProps) {
  return isShort(props.text) ? props.children(props.text) : <Folding {...props} />;
}

function Folding({ id, text, unfolded, isShown = false, children }: FoldProps) {
  const texts = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(() => isShown || unfolded.has(id));
  const isHigh = useIsLong(box, text);
  const beginning = beginningOf(text);
  const isLong = isHigh || beginning.length < text.length;
  const open = (isOpenNow: boolean) => {
    unfolded.set(id, isOpenNow);
    setOpen(isOpenNow);
  };
  useEffect(() => {
    if (!isShown) return;
    unfolded.set(id, true);
    setOpen(true);
  }, [isShown, id, unfolded]);
  return (
    <>
      <div
        ref={box}
        className={isLong && !isOpen ? "fold is-folded" : "fold"}
        // The browser has found something in what is hidden, or the focus went there.
        onScroll={() => open(true)}
      >
        {children(isOpen ? text : beginning)}
      </div>
      {isLong ? (
        <button
          type="button"
          className="button button-small fold-button"
          aria-expanded={isOpen}
          onClick={() => open(!isOpen)}
        >
          {isOpen ? texts.showLess : texts.showMore}
        </button>
      ) : null}
    </>
  );
}

/** At the target: the walk through the results, their marked words, and undoing an action. */

import { useEffect, useRef, useState } from "react";
import { allMatchSegments } from "../../../core/markup/match.ts";
import { isSameName, shownSeq } from "../../../core/model/item.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { UndoToast } from "../room/undo-toast.tsx";
import { WalkButton, WalkPill, walkSheet } from "../room/walk-pill.tsx";
import { useLayer, useNarrow, usePage } from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";
import { IconButton } from "../shell/icons.tsx";
import { finderTexts } from "./finder-texts.ts";
import { type FinderProps, type FoundWalk, useFinder } from "./store.ts";

export { walkSheet };

interface FootProps extends Pick<FinderProps, "onJump"> {
  readonly target: string | undefined;
  readonly isCovered: boolean;
}

export function FoundFoot({ target, onJump, isCovered }: FootProps) {
  const { texts } = usePage();
  const own = finderTexts(texts.lang);
  const [store, { walk: whole, done }] = useFinder();
  const walk = isCovered ? undefined : whole;
  const end = () => store.set({ done: undefined });
  return (
    <div className="walk-end">
      {walk === undefined ? null : <Walk walk={walk} target={target} onJump={onJump} />}
      {done === undefined || walk !== undefined ? null : (
        <UndoToast
          key={done.id}
          text={done.text}
          label={own.undo}
          onUndo={() => {
            done.undo();
            end();
          }}
          onEnd={() => {
            if (store.state.done === done) end();
          }}
        />
      )}
    </div>
  );
}

function Walk({
  walk,
  target,
  onJump,
}: Omit<FootProps, "isCovered"> & { readonly walk: FoundWalk }) {
  const { chat, texts, times } = usePage();
  const own = finderTexts(texts.lang);
  const [store] = useFinder();
  const { query, messages, at, count } = walk;
  const message = messages[at];
  const go = (next: number) => {
    const found = messages[next];
    if (found === undefined) return;
    store.set({ walk: { ...walk, at: next } });
    onJump(found.target, shownSeq(found.item));
  };
  const stay = () => store.set({ walk: undefined });
  // On a phone, Back ends the walk. On a laptop, it leads to the place before.
  const isNarrow = useNarrow();
  // Above the layer of the room, which may open in the same moment.
  const [isOpened, setOpened] = useState(false);
  useEffect(() => setOpened(true), []);
  useLayer(stay, isNarrow && isOpened);
  useMarkedWords(query.text);
  // The user has opened another room.
  const isElsewhere = !isSameName(target, message?.target);
  useEffect(() => {
    if (isElsewhere) store.set({ walk: undefined });
  }, [isElsewhere, store]);
  const latest = useRef({ go, stay, isNarrow });
  latest.current = { go, stay, isNarrow };
  useEffect(
    () =>
      listen<KeyboardEvent>(window, "keydown", (event) => {
        if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
        const isStaying = event.key === "Escape" && !latest.current.isNarrow;
        if (event.key !== "F3" && !isStaying) return;
        event.preventDefault();
        if (isStaying) latest.current.stay();
        else latest.current.go(event.shiftKey ? at - 1 : at + 1);
      }),
    [at],
  );
  const position = own.position(at + 1, count);
  const item = message?.item;
  const spoken =
    item === undefined
      ? position
      : `${position}. ${authorText(item, texts, chat.model)}, ${times.clock(item.timeUnixMs)}: ` +
        briefText(item, texts, times);
  return (
    <WalkPill
      label={own.walk(query.text)}
      name={query.text === "" ? query.input : query.text}
      position={position}
      spoken={spoken}
      up={own.earlier}
      down={own.later}
      isFirst={at >= messages.length - 1}
      isLast={at <= 0}
      // The newest result is the first.
      onStep={(by) => go(at - by)}
    >
      <WalkButton icon="list" label={own.results} onPress={() => store.find({ resumes: true })} />
      <IconButton icon="close" label={own.stay} onPress={stay} />
    </WalkPill>
  );
}

const HIGHLIGHT = "found";
const TIMELINE = "#messages .timeline";

/** Marks the words of the query in the messages on the screen, without changing them. */
function useMarkedWords(query: string): void {
  useEffect(() => {
    const timeline = document.querySelector(TIMELINE);
    if (timeline === null || query === "" || !("highlights" in CSS)) return;
    let frame: number | undefined;
    const mark = () => {
      frame = undefined;
      const ranges = [...timeline.querySelectorAll(".said, .message")].flatMap((row) =>
        rangesIn(row, query),
      );
      CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
    };
    const later = () => {
      frame ??= requestAnimationFrame(mark);
    };
    later();
    const observer = new MutationObserver(later);
    observer.observe(timeline, { subtree: true, childList: true, characterData: true });
    return () => {
      observer.disconnect();
      if (frame !== undefined) cancelAnimationFrame(frame);
      CSS.highlights.delete(HIGHLIGHT);
    };
  }, [query]);
}

function rangesIn(row: Element, query: string): readonly Range[] {
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const { nodeValue: text } = node;
    if (text === null || text.trim() === "") continue;
    let at = 0;
    for (const { text: part, isMatch } of allMatchSegments(text, query)) {
      if (isMatch) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + part.length);
        ranges.push(range);
      }
      at += part.length;
    }
  }
  return ranges;
}

/** Full page of a wall for a projector, which keeps the screen on and comes back by itself. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { SECOND_MS } from "../../../base/time.ts";
import { isModerator, roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { roomTitle, withoutSign } from "../../../ui/text/target-text.ts";
import {
  NARROW_SCREEN,
  spokenChange,
  type WallView,
  WIDE_SCREEN,
} from "../../../ui/wall/wall-view.ts";
import { attempt } from "../../input/attempt.ts";
import { formatRoute } from "../../input/route.ts";
import { useAnnounce } from "../shell/announced.tsx";
import { useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { combined, listen } from "../shell/effects.ts";
import "../shell/room-icons.ts";
import { useWakeLock } from "../shell/wake-lock.ts";
import doorSheet from "./door-page.css" with { type: "file" };
import { DoorPage } from "./door-page.tsx";
import steerSheet from "./steer.css" with { type: "file" };
import { SteerDialog } from "./steer.tsx";
import { callNext, showWall, stepRound, toggleTimer } from "./steps.ts";
import { useWall, useWallTexts } from "./use-wall.ts";
import wallSheet from "./wall.css" with { type: "file" };
import { Wall } from "./wall.tsx";

export const wallParts = {
  SteerDialog,
  WallPage,
  DoorPage,
  sheets: [wallSheet, steerSheet, doorSheet],
};

const BAR_MS = 4 * SECOND_MS;
const POINTER_MS = 2 * SECOND_MS;
/** A link that comes back sooner was not worth a word. */
const OFFLINE_MS = 2 * SECOND_MS;
const NARROW_FRAME = "(max-aspect-ratio: 3/2)";
const KEY_SCENES = { l: "lesson", d: "door", t: "timer", b: "blank" } as const;

interface WallPageProps {
  readonly target: string;
}

function WallPage({ target }: WallPageProps) {
  const page = usePage();
  const { chat, layers, fail } = page;
  const room = useModelValue((model) => roomOf(model, target));
  const isCaughtUp = useModelValue((model) => model.isCaughtUp);
  const texts = useWallTexts();
  const [hasBegun, setBegun] = useState(false);
  const moderates = useModelValue((model) => room !== undefined && isModerator(model, room));
  const isShown = room?.wall !== undefined;
  const opened = room?.target;
  useWakeLock(true);
  useEffect(() => layers.cover(), [layers]);
  useEffect(() => {
    if (isCaughtUp && opened !== undefined) chat.actions.open(opened);
  }, [chat, isCaughtUp, opened]);
  useEffect(() => {
    if (!isCaughtUp || hasBegun) return;
    if (!moderates) {
      if (opened !== undefined) fail(texts.onlyModerators);
      location.hash = formatRoute({ target, seq: undefined });
      return;
    }
    setBegun(true);
    if (!isShown) showWall(page, target, {});
  }, [page, target, texts, fail, isCaughtUp, hasBegun, moderates, isShown, opened]);
  const title = room && withoutSign(target, roomTitle(room));
  useEffect(() => {
    if (title !== undefined) document.title = texts.title(title);
  }, [texts, title]);
  return (
    <WallFrame target={target} mayShow={moderates}>
      {room === undefined || !(hasBegun || isShown) ? (
        <main className="wall" />
      ) : (
        <WallContent target={target} room={room} />
      )}
    </WallFrame>
  );
}

function useNarrowFrame(): boolean {
  return useSyncExternalStore(
    (onChange) => listen(matchMedia(NARROW_FRAME), "change", onChange),
    () => matchMedia(NARROW_FRAME).matches,
  );
}

/** Time since which there is no connection; `undefined` during a short loss. */
function useOfflineSince(): number | undefined {
  const isOnline = useOnline();
  const [since, setSince] = useState<number>();
  useEffect(() => {
    if (isOnline) return setSince(undefined);
    const lostAt = Date.now();
    const wait = setTimeout(() => setSince(lostAt), OFFLINE_MS);
    return () => clearTimeout(wait);
  }, [isOnline]);
  return since;
}

interface ContentProps {
  readonly target: string;
  readonly room: RoomState;
}

function WallContent({ target, room }: ContentProps) {
  const { times } = usePage();
  const texts = useWallTexts();
  const screen = useNarrowFrame() ? NARROW_SCREEN : WIDE_SCREEN;
  const wall = useWall(target, screen);
  const offlineSince = useOfflineSince();
  useSpoken(wall?.view);
  const moderates = useModelValue((model) => isModerator(model, room));
  if (wall === undefined || !moderates) {
    return (
      <main className="wall is-off wall-off">
        <p className="wall-say" dir="auto">
          {texts.notShown}
        </p>
      </main>
    );
  }
  const instead =
    offlineSince === undefined ? undefined : (
      <>
        {texts.offline(times.clock(offlineSince))}
        <small>{texts.comesBack}</small>
      </>
    );
  return <Wall {...wall} room={room} isOnline={offlineSince === undefined} instead={instead} />;
}

/** Says who is next, and what has ended. Faces that come in are not spoken. */
function useSpoken(view: WallView | undefined): void {
  const announce = useAnnounce();
  const texts = useWallTexts();
  const before = useRef<WallView>(undefined);
  useEffect(() => {
    const change = view && spokenChange(before.current, view);
    before.current = view;
    if (change === undefined) return;
    if (change === "up") announce("notice", texts.timeUp);
    else if (change === "poll-closed") announce("notice", texts.pollClosed);
    else if (change.kind === "next") announce("notice", texts.nextIs(change.name));
    else announce("notice", texts.nowSpeaks(change.name));
  }, [view, announce, texts]);
}

/** Reports whether the pointer has rested, and whether a key has opened the bar. */
function useRest(onKey: (event: KeyboardEvent) => boolean) {
  const [isIdle, setIdle] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    let rest = setTimeout(() => setIdle(true), POINTER_MS);
    let close: ReturnType<typeof setTimeout> | undefined;
    const wake = () => {
      setIdle(false);
      clearTimeout(rest);
      rest = setTimeout(() => setIdle(true), POINTER_MS);
    };
    const open = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const isOnButton = event.target instanceof HTMLButtonElement && event.key !== "Escape";
      if (!isOnButton && latest.current(event)) return event.preventDefault();
      wake();
      setOpen(true);
      clearTimeout(close);
      close = setTimeout(() => setOpen(false), BAR_MS);
    };
    const stop = combined(
      listen(window, "pointermove pointerdown", wake),
      listen(window, "keydown", open),
    );
    return () => {
      stop();
      clearTimeout(rest);
      clearTimeout(close);
    };
  }, []);
  return { isIdle, isOpen };
}

interface FrameProps extends WallPageProps {
  readonly mayShow: boolean;
  readonly children: React.ReactNode;
}

/** The frame, its keys, and the bar that a key opens. */
function WallFrame({ target, mayShow, children }: FrameProps) {
  const page = usePage();
  const { chat } = page;
  const texts = useWallTexts();
  const wall = useModelValue((model) => roomOf(model, target)?.wall);
  const onKey = useCallback(
    ({ key }: KeyboardEvent) => {
      if (!mayShow) return false;
      const scene = KEY_SCENES[key.toLowerCase() as keyof typeof KEY_SCENES] as
        | (typeof KEY_SCENES)["l" | "d" | "t" | "b"]
        | undefined;
      if (scene !== undefined) showWall(page, target, { scene });
      else if (key === " ") toggleTimer(page, target);
      else if (key === "ArrowRight" || key.toLowerCase() === "n") callNext(page, target);
      else if (key !== "ArrowLeft" || !stepRound(page, target, -1)) return false;
      return true;
    },
    [page, target, mayShow],
  );
  const { isIdle, isOpen } = useRest(onKey);
  const leave = () => {
    if (mayShow) showWall(page, target, { on: false });
    location.hash = formatRoute({ target: chat.model.open ?? target, seq: undefined });
  };
  const goFull = () => void attempt(() => document.documentElement.requestFullscreen());
  return (
    <div className={isIdle && !isOpen ? "wall-page wall-frame is-idle" : "wall-page wall-frame"}>
      {children}
      {isOpen ? (
        <div className="wall-keys">
          {wall === undefined && mayShow ? (
            <BarButton text={texts.showAgain} onPress={() => showWall(page, target, {})} />
          ) : null}
          <BarButton text={texts.takeDown} onPress={leave} />
          <BarButton text={texts.fullScreen} onPress={goFull} />
        </div>
      ) : null}
    </div>
  );
}

function BarButton({ text, onPress }: { readonly text: string; readonly onPress: () => void }) {
  return (
    <button type="button" className="board-button" onClick={onPress}>
      {text}
    </button>
  );
}

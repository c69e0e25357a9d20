/** Dialog that steers a room's wall, a whole page on a phone. */

import { useEffect, useState } from "react";
import { TOPIC_BYTES_MAX } from "../../../base/limits.ts";
import { MINUTE_MS } from "../../../base/time.ts";
import { openPoll } from "../../../core/model/open-poll.ts";
import { isModerator, roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownHands } from "../../../core/model/unignored.ts";
import { namesOf, WALL_NAMES, WALL_SCENES } from "../../../core/rooms/wall.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { roomTitle } from "../../../ui/text/target-text.ts";
import { ROUND_END, roundStart, TURN_MS } from "../../../ui/wall/round.ts";
import { hasDoor, nextStep, type WallView, WIDE_SCREEN } from "../../../ui/wall/wall-view.ts";
import { formatDoorRoute, formatWallRoute } from "../../input/wall-route.ts";
import { Avatar, useNames, useShownName } from "../room/person.tsx";
import { Button } from "../shell/button.tsx";
import { copy } from "../shell/clipboard.ts";
import { type CloseProps, useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { Dialog, FormDialog } from "../shell/dialog.tsx";
import { Field, SelectField } from "../shell/form.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { RadioTiles } from "../shell/radio-tiles.tsx";
import { callNext, changeWall, endCall, showWall, TIMER_MINUTES, toggleTimer } from "./steps.ts";
import { type ShownWall, useWall, useWallTexts } from "./use-wall.ts";
import { Wall } from "./wall.tsx";

const SCENE_ICONS = { lesson: "hand", door: "qr", timer: "clock", blank: "close" } as const;
/** Hands with a row. The others are a line. */
const HANDS_LISTED = 4;

interface SteerProps {
  readonly target: string;
}

export function SteerDialog({ target, onClose }: SteerProps & CloseProps) {
  const page = usePage();
  const texts = useWallTexts();
  const room = useModelValue((model) => roomOf(model, target));
  const wall = useWall(target, WIDE_SCREEN);
  const isShown = room?.wall !== undefined;
  const moderates = useModelValue((model) => room !== undefined && isModerator(model, room));
  const [hasBegun, setBegun] = useState(false);
  useEffect(() => {
    if (hasBegun) return;
    setBegun(true);
    if (!isShown) showWall(page, target, {});
  }, [page, target, hasBegun, isShown]);
  useEffect(() => {
    if (!moderates) onClose();
  }, [moderates, onClose]);
  if (room === undefined) return null;
  const takeDown = () => {
    showWall(page, target, { on: false });
    onClose();
  };
  const printDoor = () => {
    onClose();
    location.hash = formatDoorRoute(room.name);
  };
  const address = `${location.origin}${location.pathname}${formatWallRoute(room.name)}`;
  return (
    <Dialog title={texts.wall} note={roomTitle(room)} onClose={onClose} className="steer is-page">
      {wall === undefined ? null : <Steering target={target} room={room} wall={wall} />}
      <div className="dialog-actions">
        <Button onClick={takeDown}>{texts.takeDown}</Button>
        {hasDoor(room) ? <Button onClick={printDoor}>{page.texts.printDoor}</Button> : null}
        <Button onClick={() => copy(page, address)}>{texts.copyAddress}</Button>
        <Button onClick={() => window.open(address, "_blank", "noopener")}>{texts.openHere}</Button>
      </div>
    </Dialog>
  );
}

interface PartProps extends SteerProps {
  readonly room: RoomState;
  readonly wall: ShownWall;
}

function Steering(props: PartProps) {
  const { room, wall } = props;
  const isOnline = useOnline();
  return (
    <>
      <div className="steer-preview wall-frame" role="img" aria-label={usePreviewText(wall.view)}>
        <div className="steer-picture" inert>
          <Wall {...wall} room={room} isOnline={isOnline} />
        </div>
      </div>
      <Scenes {...props} />
      <HandRows {...props} />
      <Now {...props} />
      <Foot {...props} />
    </>
  );
}

function usePreviewText({ call, poll, here, timer }: WallView): string {
  const texts = useWallTexts();
  const parts = [
    call === undefined || call.name === ""
      ? []
      : call.speaks
        ? texts.nowSpeaks(call.name)
        : texts.nextIs(call.name),
    poll === undefined ? [] : texts.voted(poll.voted, poll.of),
    timer === undefined ? [] : timer.text,
    texts.hereCount(here.count),
  ].flat();
  return texts.preview(parts.join(", "));
}

function Scenes({ target, wall: { view } }: PartProps) {
  const page = usePage();
  const texts = useWallTexts();
  return (
    <RadioTiles
      label={texts.scenes}
      className="steer-scenes"
      tileClass="steer-scene"
      tiles={WALL_SCENES.map((scene) => ({
        value: scene,
        content: (
          <>
            <Icon name={SCENE_ICONS[scene]} />
            {scene === "lesson" && !view.isLesson ? texts.live : texts.scene[scene]}
          </>
        ),
      }))}
      value={view.scene}
      onChoose={(scene) => showWall(page, target, { scene })}
    />
  );
}

function HandRows({ target, room, wall: { view } }: PartProps) {
  const { chat, fail, times } = usePage();
  const texts = useWallTexts();
  const names = useNames();
  const hands = shownHands(chat.model, room);
  const { called } = room;
  const listed = called === undefined ? hands : [called, ...hands];
  if (listed.length === 0) return null;
  const rest = listed.slice(HANDS_LISTED);
  const lowerAll = () => void chat.actions.lowerHands(target).catch(fail);
  const then = rest.slice(0, HANDS_LISTED).map((name) => personText(names, name));
  const more = rest.length - then.length;
  const thenAll = more > 0 ? [...then, texts.andMore(more)] : then;
  return (
    <section>
      <div className="steer-head">
        <h3>
          {texts.handsUp} <span className="room-note">{listed.length}</span>
        </h3>
        {hands.length > 1 ? (
          <Button variant="small quiet" onClick={lowerAll}>
            {texts.lowerAll}
          </Button>
        ) : null}
      </div>
      <ul className="plain-list">
        {listed.slice(0, HANDS_LISTED).map((name, index) => {
          const state = index > 0 ? "" : view.call?.speaks === true ? texts.speaks : texts.next;
          const text = personText(names, name);
          return (
            <li key={name} className="steer-row">
              <Avatar name={text} user={name} tint={tintOf(name)} />
              <span>
                <span className="list-main" dir="auto">
                  {text}
                </span>{" "}
                <span className="list-note">{state}</span>
              </span>
              <IconButton
                icon="close"
                label={texts.lowerHand(text)}
                onPress={() => endCall({ chat, fail }, target, name)}
              />
            </li>
          );
        })}
      </ul>
      {rest.length === 0 ? null : (
        <p className="hint" dir="auto">
          {texts.thenHands(more > 0 ? thenAll.join(", ") : times.list(thenAll))}
        </p>
      )}
    </section>
  );
}

function Now({ target, room, wall: { view } }: PartProps) {
  const page = usePage();
  const { chat, fail, openDialog } = page;
  const texts = useWallTexts();
  const { poll, line } = view;
  const seq = openPoll(room)?.seq;
  const names = namesOf(room.wall ?? {});
  const hasNames = poll?.bars.some(({ faces }) => faces.length > 0) === true;
  const results =
    poll?.isHidden === true ? texts.votesAtEnd : hasNames ? texts.resultsNamed : texts.resultsShown;
  return (
    <section>
      <h3>{texts.now}</h3>
      {poll === undefined || seq === undefined ? null : (
        <div className="steer-row">
          <Icon name="poll" />
          <span>
            <span className="list-main">
              {texts.poll}, {texts.voted(poll.voted, poll.of)}
            </span>{" "}
            <span className="list-note">{results}</span>
          </span>
          <Button variant="small" onClick={() => void chat.actions.endPoll(seq).catch(fail)}>
            {texts.close}
          </Button>
        </div>
      )}
      {room.isSealed ? null : (
        <div className="steer-row">
          <Icon name="edit" />
          <span dir="auto">{line}</span>
          <Button
            variant="small"
            onClick={() => openDialog(LineDialog, { target, line: room.wall?.line ?? "" })}
          >
            {texts.changeLine}
          </Button>
        </div>
      )}
      <RoundRow target={target} room={room} view={view} />
      <SelectField
        id="wall-names"
        label={texts.names}
        value={names}
        options={WALL_NAMES.map((form) => [form, texts.namesForm[form]] as const)}
        onChange={(form) => showWall(page, target, { names: form })}
      />
    </section>
  );
}

interface RoundProps extends SteerProps {
  readonly room: RoomState;
  readonly view: WallView;
}

function RoundRow({ target, room, view: { round } }: RoundProps) {
  const page = usePage();
  const texts = useWallTexts();
  const change = round === undefined ? roundStart(room, TURN_MS) : ROUND_END;
  const count = room.wall?.round?.length ?? 0;
  return (
    <div className="steer-row">
      <Icon name="people" />
      <span>
        <span className="list-main">{texts.round}</span>{" "}
        <span className="list-note">
          {round === undefined ? texts.roundHint : texts.roundOf(count)}
        </span>
      </span>
      <Button
        variant="small"
        disabled={change === undefined}
        onClick={() => change && showWall(page, target, change)}
      >
        {round === undefined ? texts.startRound : texts.endRound}
      </Button>
    </div>
  );
}

interface LineProps extends SteerProps, CloseProps {
  readonly line: string;
}

function LineDialog({ target, line, onClose }: LineProps) {
  const page = usePage();
  const texts = useWallTexts();
  const [text, setText] = useState(line);
  const save = () => changeWall(page, target, { line: text.trim() });
  return (
    <FormDialog title={texts.changeLine} action={texts.save} onSubmit={save} onClose={onClose}>
      <Field
        id="wall-line"
        label={texts.line}
        hint={texts.lineHint}
        value={text}
        onChange={(value) => {
          if (new TextEncoder().encode(value).length <= TOPIC_BYTES_MAX) setText(value);
        }}
        isFirst
      />
    </FormDialog>
  );
}

/** The large button is always the next thing to do; the timer is beside it. */
function Foot({ target, room, wall: { view } }: PartProps) {
  const page = usePage();
  const { chat, fail } = page;
  const texts = useWallTexts();
  const [minutes, setMinutes] = useState(5);
  const { call, timer } = view;
  const called = useShownName(room.called ?? shownHands(chat.model, room)[0] ?? "");
  const seq = openPoll(room)?.seq;
  const start = () => showWall(page, target, { runs: true, leftMs: minutes * MINUTE_MS });
  const stop = () => showWall(page, target, { leftMs: 0 });
  const name = call?.name === "" || call === undefined ? called : call.name;
  const step = nextStep(view);
  const { round = [], turn = 0 } = room.wall ?? {};
  const nextName = useShownName(round[turn + 1] ?? "");
  const nextTurn = () => callNext(page, target);
  const steps = {
    "next-turn": [texts.nextTurn(nextName), nextTurn],
    "end-round": [texts.endRound, nextTurn],
    call: [texts.callOn(name), () => callNext(page, target)],
    done: [texts.doneWith(name), () => room.called && endCall(page, target, room.called)],
    "close-poll": [texts.closePoll, () => seq && void chat.actions.endPoll(seq).catch(fail)],
    "stop-timer": [texts.stopTimer, stop],
    "start-timer": [texts.startTimer, start],
  } as const;
  const isTimed = timer !== undefined;
  // A timer that runs needs no second button to start.
  const [label, act] =
    step === "start-timer" && isTimed ? ([texts.stopTimer, stop] as const) : steps[step];
  return (
    <div className="steer-foot">
      <Button variant="main" onClick={() => act()}>
        {label}
      </Button>
      {isTimed ? (
        <Button onClick={() => toggleTimer(page, target)}>
          {timer.runs ? texts.pause : texts.resume} {timer.text}
        </Button>
      ) : (
        <>
          <SelectField
            id="wall-minutes"
            label={texts.scene.timer}
            value={minutes}
            options={TIMER_MINUTES.map((n) => [n, texts.minutes(n)] as const)}
            onChange={setMinutes}
          />
          {step === "start-timer" ? null : (
            <Button aria-label={texts.timerOf(minutes)} onClick={start}>
              {texts.startTimer}
            </Button>
          )}
        </>
      )}
    </div>
  );
}

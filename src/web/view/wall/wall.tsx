/** A room as a wall shows it, in a frame of any size. */

import type { CSSProperties, ReactNode } from "react";
import { postRule } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import type {
  WallCall,
  WallHere,
  WallPerson,
  WallPoll,
  WallRound,
  WallTimer,
  WallView,
  WallWork,
} from "../../../ui/wall/wall-view.ts";
import { Avatar, useShownName } from "../room/person.tsx";
import { RoomTile } from "../room/tile.tsx";
import { usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";
import { DoorQr, doorOrigin, OriginText, useNextStep } from "./door.tsx";
import type { ShownWall } from "./use-wall.ts";
import { useWallTexts } from "./use-wall.ts";

interface WallProps extends ShownWall {
  readonly room: RoomState;
  readonly isOnline: boolean;
  /** State in place of what is live, such as a lost connection. */
  readonly instead?: ReactNode;
}

export function Wall(props: WallProps) {
  const { view, room, isOnline, instead } = props;
  const page = usePage();
  const origin = view.hasDoor ? doorOrigin(page) : undefined;
  const isTask = view.scene === "timer";
  const isRound = view.scene === "lesson" && view.round !== undefined;
  const isArriving = view.scene === "door" && instead === undefined;
  const classes = ["wall"];
  if (!isOnline) classes.push("is-off");
  if (isArriving) classes.push("is-arriving");
  if (isTask) classes.push("is-task");
  if (isRound && instead === undefined) classes.push("is-round");
  const parts = { ...props, origin };
  return (
    <main className={classes.join(" ")}>
      {isArriving ? null : <Head {...parts} />}
      {instead !== undefined && !(isTask && view.timer !== undefined) ? (
        <p className="wall-say" dir="auto">
          {instead}
        </p>
      ) : isArriving ? (
        <Arriving {...parts} room={room} />
      ) : isTask ? (
        <Task {...parts} />
      ) : (
        <Lesson {...parts} />
      )}
    </main>
  );
}

interface PartProps extends WallProps {
  readonly origin: string | undefined;
}

/** The line is in the head unless it is larger elsewhere. */
function hasHeadLine({ scene, call, poll, round }: WallView): boolean {
  return scene === "lesson" && (call ?? poll ?? round) !== undefined;
}

/** With nothing live and no line, the clock is as large as a name. */
function isClock({ scene, line, call, poll, round }: WallView): boolean {
  if (line !== "" || scene === "timer" || scene === "door") return false;
  return scene === "blank" || (call ?? poll ?? round) === undefined;
}

function Head({ view, room, unixMs }: PartProps) {
  const { times } = usePage();
  return (
    <header className="wall-head">
      <RoomTile line={{ ...room, kind: "room", post: postRule(room) }} />
      <div className="wall-words">
        <h1 className="wall-title" dir="auto">
          {view.title}
        </h1>
        {view.line !== "" && hasHeadLine(view) ? (
          <p className="wall-line" dir="auto">
            {view.line}
          </p>
        ) : null}
      </div>
      {isClock(view) ? null : <time className="wall-clock">{times.clock(unixMs)}</time>}
    </header>
  );
}

function Lesson({ view, room, unixMs, added, origin }: PartProps) {
  const { times } = usePage();
  const { call, poll, round, here, timer, work, line, scene } = view;
  const isLive = scene === "lesson" && (call ?? poll ?? round) !== undefined;
  if (!isLive) {
    return (
      <>
        <p className="wall-say" dir="auto">
          {line === "" ? times.clock(unixMs) : line}
        </p>
        {scene === "blank" ? null : (
          <>
            <Here here={here} added={added} />
            {timer === undefined ? (
              <Door origin={origin} room={room} isFoot />
            ) : (
              <Timer timer={timer} isSide />
            )}
          </>
        )}
      </>
    );
  }
  if (round !== undefined) {
    return (
      <>
        <div className="wall-stage">
          {call === undefined ? null : <Call view={view} call={call} />}
          {poll === undefined ? null : <Poll poll={poll} isAlone={call === undefined} />}
        </div>
        <Round round={round} />
        <Door origin={origin} room={room} isFoot />
      </>
    );
  }
  return (
    <>
      <div className="wall-stage">
        {call === undefined ? null : <Call view={view} call={call} />}
        {poll === undefined ? null : <Poll poll={poll} isAlone={call === undefined} />}
      </div>
      <Door origin={origin} room={room} />
      {timer !== undefined ? (
        <Timer timer={timer} isSide />
      ) : work !== undefined ? (
        <Work work={work} />
      ) : null}
      <Here here={here} added={added} />
    </>
  );
}

function Arriving({ view, room, added, origin }: PartProps) {
  const texts = useWallTexts();
  const { title, isLongTitle, line, here } = view;
  const next = useNextStep();
  return (
    <>
      {origin === undefined ? null : <DoorQr origin={origin} room={room.name} />}
      <section className="wall-arrive">
        <RoomTile line={{ ...room, kind: "room", post: postRule(room) }} />
        <h1 className={`wall-arrive-name${isLongTitle ? " wall-arrive-name-long" : ""}`} dir="auto">
          {title}
        </h1>
        {line === "" ? null : (
          <p className="wall-arrive-when" dir="auto">
            {line}
          </p>
        )}
        {origin === undefined ? null : (
          <ol className="wall-steps">
            <li>
              <span className="wall-steps-number">1</span>
              <span>
                {texts.scan} <OriginText origin={origin} />
              </span>
            </li>
            <li>
              <span className="wall-steps-number">2</span>
              <span>{next}</span>
            </li>
          </ol>
        )}
      </section>
      <Here here={here} added={added} />
    </>
  );
}

/** Hands behind the next one, in the space beside the door. */
const TASK_QUEUE_MAX = 2;

function Task({ view, room, origin, instead }: PartProps) {
  const texts = useWallTexts();
  const { timer, line, work, call, queue, moreHands } = view;
  const shown = queue.slice(0, TASK_QUEUE_MAX);
  const more = moreHands + queue.length - shown.length;
  return (
    <>
      <div className="wall-task">
        {timer === undefined ? null : <Timer timer={timer} />}
        <div className="wall-task-words">
          {line === "" ? null : (
            <h2 className="wall-task-title" dir="auto">
              {line}
            </h2>
          )}
          {work === undefined ? null : (
            <>
              <p className="wall-task-count">
                {texts.workCount(work.done, work.of)} <span>{texts.handedIn}</span>
              </p>
              <Places {...work} />
            </>
          )}
        </div>
      </div>
      <section className="wall-here" aria-label={texts.hands}>
        {instead !== undefined ? (
          <p className="wall-line">{instead}</p>
        ) : call === undefined ? null : (
          <Queue people={[call, ...shown]} more={more} className="wall-next wall-next-turn" />
        )}
      </section>
      <Door origin={origin} room={room} isFoot />
    </>
  );
}

/** A face with a name beside it. A face without a name is a circle with its place in the queue. */
function Face({ person, hasHand }: { readonly person: WallPerson; readonly hasHand?: boolean }) {
  const { user, place } = person;
  return (
    <span className="wall-seat">
      {user === undefined ? (
        <span className="wall-ink" aria-hidden="true">
          {place}
        </span>
      ) : (
        <NamedFace user={user} />
      )}
      {hasHand === true && place !== undefined && user !== undefined ? (
        <span className="wall-hand">
          <Icon name="hand" />
        </span>
      ) : null}
    </span>
  );
}

function NamedFace({ user }: { readonly user: string }) {
  return <Avatar name={useShownName(user)} user={user} tint={tintOf(user)} />;
}

function keyOf({ user }: WallPerson, index: number): string {
  return user ?? `${index}`;
}

const CALL_CLASSES = {
  short: "",
  long: " wall-call-name-long",
  longest: " wall-call-name-longest",
};

function Call({ view, call }: { readonly view: WallView; readonly call: WallCall }) {
  const texts = useWallTexts();
  const { queue, moreHands, round, timer } = view;
  const name = call.user === undefined ? "" : call.name;
  const [then] = queue;
  return (
    <section className="wall-call" aria-label={round === undefined ? texts.hands : texts.whoSpeaks}>
      <Face key={call.user} person={call} />
      <div className="wall-call-words">
        <span className="wall-call-kind">
          <Icon name={round === undefined ? "hand" : "mic"} />
          {call.speaks ? texts.speaks : texts.next}
        </span>
        <p className={`wall-call-name${CALL_CLASSES[call.size]}`}>
          <bdi>{name === "" && call.place !== undefined ? texts.place(call.place) : name}</bdi>
        </p>
        {round !== undefined ? (
          <p className="wall-line" dir="auto">
            {then === undefined || then.name === "" ? null : texts.thenHands(then.name)}
          </p>
        ) : queue.length === 0 ? null : (
          <Queue people={queue} more={moreHands} className="wall-next" />
        )}
      </div>
      {round === undefined || timer === undefined ? null : <Timer timer={timer} isSide />}
    </section>
  );
}

function Round({ round: { people, more } }: { readonly round: WallRound }) {
  const texts = useWallTexts();
  return (
    <ol className="wall-round" aria-label={texts.round}>
      {people.map((person, index) => (
        <li
          key={keyOf(person, index)}
          className={`is-${person.state}`}
          aria-current={person.state === "now" ? "step" : undefined}
        >
          <Face person={person} />
          <span>
            <bdi>{person.name}</bdi>
          </span>
          {person.state === "done" ? <Icon name="check" /> : null}
        </li>
      ))}
      {more === 0 ? null : <li className="wall-round-more">{texts.andMore(more)}</li>}
    </ol>
  );
}

interface QueueProps {
  readonly people: readonly WallPerson[];
  readonly more: number;
  readonly className: string;
}

function Queue({ people, more, className }: QueueProps) {
  const texts = useWallTexts();
  return (
    <ol className={className}>
      {people.map((person, index) => (
        <li key={keyOf(person, index)}>
          <Face person={person} />
          <span dir="auto">{person.name}</span>
        </li>
      ))}
      {more === 0 ? null : <li className="wall-next-more">{texts.andMore(more)}</li>}
    </ol>
  );
}

function Poll({ poll, isAlone }: { readonly poll: WallPoll; readonly isAlone: boolean }) {
  const texts = useWallTexts();
  const { question, bars, isMany, isDense, isHidden, isClosed, voted, of } = poll;
  const classes = ["wall-poll"];
  if (isMany) classes.push("wall-poll-many");
  else if (isDense) classes.push("wall-poll-dense");
  else if (isAlone) classes.push("wall-poll-alone");
  if (isHidden) classes.push("wall-poll-hidden");
  return (
    <section className={classes.join(" ")} aria-label={texts.poll}>
      <div className="wall-poll-head">
        <h2 className="wall-poll-title" dir="auto">
          {question}
        </h2>
        <span className="wall-poll-count">
          {isClosed ? texts.pollClosed : texts.voted(voted, of)}
        </span>
      </div>
      <ol className="wall-poll-options">
        {bars.map(({ option, count, part, faces, more, isFirst }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a foreign client can repeat an option
          <li key={index} className={isFirst ? "wall-bar is-first" : "wall-bar"}>
            <span className="wall-bar-name">
              <bdi>{option}</bdi>
            </span>
            <span className="wall-bar-track">
              <span
                className={part === 0 ? "wall-bar-part is-none" : "wall-bar-part"}
                style={{ "--part": part } as CSSProperties}
              >
                {more === 0 ? null : <span className="wall-bar-rest">+{more}</span>}
                {faces.map((person, at) => (
                  <Face key={keyOf(person, at)} person={person} />
                ))}
              </span>
            </span>
            {count === undefined ? null : <b className="wall-bar-number">{count}</b>}
          </li>
        ))}
      </ol>
      {isHidden && !isClosed ? <p className="wall-poll-note">{texts.votesAtEnd}</p> : null}
    </section>
  );
}

function faceClass(isMany: boolean, isNew: boolean): string {
  return ["wall-face", isMany ? "is-small" : "", isNew ? "is-new" : ""].join(" ").trim();
}

interface HereProps {
  readonly here: WallHere;
  readonly added: ReadonlySet<string>;
}

function Here({ here, added }: HereProps) {
  const texts = useWallTexts();
  const { count, of, faces, more, slots, isMany } = here;
  const total = of === undefined ? texts.hereCount(count) : texts.hereOf(count, of);
  return (
    <section className={isMany ? "wall-here wall-here-many" : "wall-here"} aria-label={texts.here}>
      <p className="wall-here-count">
        {count === 0 && of === undefined ? texts.nobodyHere : total}
      </p>
      <ul className="wall-here-faces">
        {faces.map((person, index) => (
          <li
            key={keyOf(person, index)}
            className={faceClass(isMany, added.has(person.user ?? ""))}
          >
            <Face person={person} hasHand />
            {isMany ? (
              <span className="sr-only">{person.name}</span>
            ) : (
              <span dir="auto">{person.name}</span>
            )}
          </li>
        ))}
        {Array.from({ length: slots }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: all places look the same
          <li key={`slot ${index}`} className={faceClass(isMany, false)}>
            <span className="slot" />
          </li>
        ))}
        {more === 0 ? null : <li className="wall-here-more">+{more}</li>}
      </ul>
    </section>
  );
}

function Places({ faces, slots }: WallWork) {
  return (
    <div className="slots">
      {faces.map((person, index) => (
        <Face key={keyOf(person, index)} person={person} />
      ))}
      {Array.from({ length: slots }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all places look the same
        <span key={index} className="slot" />
      ))}
    </div>
  );
}

function Work({ work: { done, of } }: { readonly work: WallWork }) {
  const texts = useWallTexts();
  return (
    <section className="wall-work" aria-label={texts.work}>
      <p>
        <b>{texts.workCount(done, of)}</b> <span>{texts.handedIn}</span>
      </p>
      <span
        className="wall-meter"
        style={{ "--part": of === 0 ? 0 : done / of } as CSSProperties}
      />
    </section>
  );
}

interface DoorProps {
  readonly origin: string | undefined;
  readonly room: RoomState;
  readonly isFoot?: boolean;
}

function Door({ origin, room, isFoot }: DoorProps) {
  const texts = useWallTexts();
  if (origin === undefined) return null;
  return (
    <aside
      className={isFoot === true ? "wall-door wall-door-foot" : "wall-door"}
      aria-label={texts.door}
    >
      <DoorQr origin={origin} room={room.name} />
      <p className="wall-door-address">
        <OriginText origin={origin} />
      </p>
    </aside>
  );
}

function Timer({ timer, isSide }: { readonly timer: WallTimer; readonly isSide?: boolean }) {
  const texts = useWallTexts();
  const { times } = usePage();
  const { text, part, isUp, runs, leftMs } = timer;
  const seconds = Math.ceil(leftMs / 1_000);
  const classes = ["wall-timer"];
  if (isSide === true) classes.push("wall-timer-side");
  if (isUp) classes.push("is-up");
  if (text.length > 5) classes.push("is-long");
  const note = isUp
    ? texts.timeUp
    : runs
      ? texts.until(times.clock(Date.now() + leftMs))
      : texts.paused;
  return (
    <div
      className={classes.join(" ")}
      role="img"
      aria-label={texts.timeLeft(Math.floor(seconds / 60), seconds % 60)}
    >
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle className="wall-timer-track" cx="50" cy="50" r="47.5" />
        <circle
          className="wall-timer-part"
          cx="50"
          cy="50"
          r="47.5"
          pathLength="100"
          style={{ "--part": isUp ? 1 : part } as CSSProperties}
        />
      </svg>
      <div>
        <p className="wall-timer-time">{text}</p>
        {isSide === true ? null : <p className="wall-timer-until">{note}</p>}
      </div>
    </div>
  );
}

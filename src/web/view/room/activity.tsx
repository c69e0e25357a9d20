/** Activity: what concerns the user, in all rooms. Beside the list of rooms on a wide window. */

import { type ReactNode, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import {
  type ActivityEntry,
  type ActivityKind,
  activityOf,
  isCall,
  ownTurns,
} from "../../../core/model/activity.ts";
import { type DueWork, dueWork } from "../../../core/model/due.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { briefText } from "../../../ui/text/event-text.ts";
import { dueTime } from "../../../ui/text/rules-text.ts";
import { withoutSign } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import { Button } from "../shell/button.tsx";
import { useModel, usePage, useWide } from "../shell/context.tsx";
import { Icon, type IconName } from "../shell/icons.tsx";
import { InvitationList, useInvitations } from "./invitations.tsx";
import { PlaceTile } from "./listed-message.tsx";
import { Avatar, useShownName, useTitle } from "./person.tsx";
import { PlainLine } from "./rich-text.tsx";
import { Knock } from "./rules.tsx";
import { SavedDialog, SavedList, ThreadsDialog } from "./saved.tsx";
import { RoomTile } from "./tile.tsx";

const FILTERS = ["all", "mention", "reply", "thread", "reaction", "request", "due"] as const;

type Filter = (typeof FILTERS)[number];

const KINDS: Readonly<Record<ActivityKind, { readonly icon: IconName; readonly filter: Filter }>> =
  {
    mention: { icon: "at", filter: "mention" },
    reply: { icon: "reply", filter: "reply" },
    thread: { icon: "thread", filter: "thread" },
    "own-thread": { icon: "thread", filter: "thread" },
    everyone: { icon: "megaphone", filter: "mention" },
    keyword: { icon: "key", filter: "mention" },
    reaction: { icon: "smile", filter: "reaction" },
  };

/** Calls before a button shows the others. */
const CALLS_SHOWN = 20;

interface RowProps {
  readonly entry: ActivityEntry;
  readonly onJump: (target: string, seq: number) => void;
}

interface DueProps {
  readonly work: DueWork;
  readonly onOpen: (target: string) => void;
}

type ActivityProps = Pick<RowProps, "onJump"> & Pick<DueProps, "onOpen">;

/** Requests to join, which moderators see. */
function Requests({ room }: { readonly room: RoomState }) {
  const title = useTitle(room.target);
  return (
    <section aria-label={title}>
      <h2 dir="auto">{title}</h2>
      {(room.knocks ?? []).map((name) => (
        <Knock key={name} room={room.name} name={name} />
      ))}
    </section>
  );
}

interface Found {
  readonly entries: readonly ActivityEntry[];
  /** Rooms with requests to join. */
  readonly knocked: readonly RoomState[];
  readonly due: readonly DueWork[];
  /** Rooms in which a moderator calls on the user. */
  readonly turns: readonly RoomState[];
  /** Number of open invitations. */
  readonly invited: number;
}

function useFound(): Found {
  const model = useModel();
  const invited = useInvitations().length;
  const knocked = [...model.rooms.values()].filter(({ knocks = [] }) => knocks.length > 0);
  const due = dueWork(model, Date.now());
  return { entries: activityOf(model), knocked, due, turns: ownTurns(model), invited };
}

/** Number of what waits for the user; 0 is not drawn. */
function waiting({ entries, knocked, due, invited }: Found, filter: Filter): number {
  if (filter === "request")
    return knocked.reduce((sum, { knocks }) => sum + knocks.length, invited);
  if (filter === "due") return due.filter(({ isHandedIn }) => isHandedIn === false).length;
  if (filter === "all") return 0;
  return entries.filter(({ kind, isUnread }) => KINDS[kind].filter === filter && isUnread).length;
}

interface FiltersProps {
  readonly found: Found;
  readonly filter: Filter;
  readonly setFilter: (filter: Filter) => void;
}

function Filters({ found, filter, setFilter }: FiltersProps) {
  const { texts } = usePage();
  const names = texts.activityFilters;
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons are no form
    <div className="filters" role="group" aria-label={texts.activityFilter}>
      {FILTERS.map((kind) => {
        const count = waiting(found, kind);
        return (
          <button
            key={kind}
            type="button"
            className="filter"
            aria-pressed={kind === filter}
            onClick={() => setFilter(kind)}
          >
            {names[kind]}
            {count === 0 ? null : ` ${count}`}
          </button>
        );
      })}
    </div>
  );
}

/** In the column of the list of rooms, on a narrow window. */
export function Activity({ onJump, onOpen }: ActivityProps) {
  const { texts, openDialog } = usePage();
  const model = useModel();
  const [filter, setFilter] = useState<Filter>("all");
  const found = useFound();
  return (
    <>
      <div className="board activity-top">
        <div className="activity-bar">
          <h2>{texts.activity}</h2>
          <Button onClick={() => openDialog(ThreadsDialog, { onJump })}>{texts.threads}</Button>
          {model.prefs === undefined ? null : (
            <Button onClick={() => openDialog(SavedDialog, { onJump })}>
              <Icon name="bookmark" />
              {texts.savedHead}
            </Button>
          )}
        </div>
        <Filters found={found} filter={filter} setFilter={setFilter} />
      </div>
      <div className="room-lists">
        <Sections found={found} filter={filter} onJump={onJump} onOpen={onOpen} />
      </div>
    </>
  );
}

/** A place of its own, with the saved messages beside it. */
export function ActivityPlace({ onJump, onOpen }: ActivityProps) {
  const { texts, chat, openDialog } = usePage();
  const model = useModel();
  const [filter, setFilter] = useState<Filter>("all");
  const found = useFound();
  const isWide = useWide();
  const hasSaved = model.prefs !== undefined;
  return (
    <>
      <main className="main" id="messages" tabIndex={-1} aria-label={texts.activity}>
        <div className="board">
          <header className="room-head">
            <span className="tile tile-board" aria-hidden="true">
              <Icon name="bell" />
            </span>
            <div className="room-title">
              <h1>{texts.activity}</h1>
              <div className="topic">{texts.activityExplained}</div>
            </div>
            <Button onClick={() => openDialog(ThreadsDialog, { onJump })}>{texts.threads}</Button>
            {hasSaved && !isWide ? (
              <Button onClick={() => openDialog(SavedDialog, { onJump })}>{texts.saved}</Button>
            ) : null}
            <Button onClick={() => chat.actions.allRead()}>
              <Icon name="check" />
              {texts.markAllRead}
            </Button>
          </header>
          <div className="place-bar">
            <Filters found={found} filter={filter} setFilter={setFilter} />
          </div>
        </div>
        <div className="sheet">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keys */}
          <section className="activity-list" aria-label={texts.activity} tabIndex={0}>
            <Sections found={found} filter={filter} onJump={onJump} onOpen={onOpen} isWide />
          </section>
        </div>
      </main>
      {hasSaved && isWide ? (
        <aside className="side side-right" aria-label={texts.saved}>
          <h2 className="panel-title">
            {texts.savedHead} <span className="room-note">{model.saved.size}</span>
          </h2>
          <SavedList onJump={onJump} onClose={() => undefined} />
          <p className="panel-foot">
            <Icon name="bookmark" />
            {texts.savedPrivate}
          </p>
        </aside>
      ) : null}
    </>
  );
}

interface SectionsProps extends ActivityProps, Pick<FiltersProps, "found" | "filter"> {
  readonly isWide?: boolean;
}

/** Read entries by day. */
function byDay(entries: readonly ActivityEntry[], texts: Texts, times: Times) {
  const days = new Map<string, ActivityEntry[]>();
  for (const entry of entries) {
    const day = times.day(entry.item.timeUnixMs);
    const title = day === texts.today ? texts.earlierToday : day;
    const listed = days.get(title) ?? [];
    listed.push(entry);
    days.set(title, listed);
  }
  return [...days];
}

function Sections({ found, filter, onJump, onOpen, isWide = false }: SectionsProps) {
  const { texts, times } = usePage();
  const listed = found.entries.filter(
    ({ kind }) => filter === "all" || KINDS[kind].filter === filter,
  );
  const knocked = filter === "all" || filter === "request" ? found.knocked : [];
  const invited = filter === "all" || filter === "request" ? found.invited : 0;
  const due = filter === "all" || filter === "due" ? found.due : [];
  const turns = filter === "all" || filter === "mention" ? found.turns : [];
  const unread = listed.filter(({ isUnread }) => isUnread);
  const sections = [
    [texts.forYou, unread.filter(isCall)] as const,
    [texts.activityNew, unread.filter((entry) => !isCall(entry))] as const,
    ...byDay(
      listed.filter(({ isUnread }) => !isUnread),
      texts,
      times,
    ),
  ];
  const drawn = sections.map(([title, part]) =>
    part.length === 0 ? null : (
      <EntrySection key={title} title={title} entries={part} onJump={onJump} isWide={isWide} />
    ),
  );
  return (
    <>
      <Turns rooms={turns} onOpen={onOpen} />
      {drawn.slice(0, 2)}
      {invited > 0 ? <InvitationList onOpen={onOpen} /> : null}
      {knocked.map((room) => (
        <Requests key={room.id} room={room} />
      ))}
      {due.length === 0 ? null : (
        <section aria-label={texts.activityDue}>
          <h2>{texts.activityDue}</h2>
          <ul>
            {due.map((work) => (
              <DueRow key={work.room.id} work={work} onOpen={onOpen} />
            ))}
          </ul>
        </section>
      )}
      {drawn.slice(2)}
      {listed.length + turns.length + knocked.length + due.length + invited === 0 ? (
        <div className="empty-state">
          <span className="empty-sign">
            <Icon name="bell" />
          </span>
          <h2>{texts.activityNone}</h2>
          <p>{texts.activityNoneHint}</p>
        </div>
      ) : null}
    </>
  );
}

interface EntrySectionProps extends Pick<RowProps, "onJump"> {
  readonly title: string;
  readonly entries: readonly ActivityEntry[];
  readonly isWide: boolean;
}

function EntrySection({ title, entries, isWide, onJump }: EntrySectionProps) {
  const { texts } = usePage();
  const [isWhole, setWhole] = useState(false);
  const isCalls = entries.some((entry) => entry.isUnread && isCall(entry));
  const shown = isCalls && !isWhole ? entries.slice(0, CALLS_SHOWN) : entries;
  const more = entries.length - shown.length;
  return (
    <section aria-label={title}>
      <h2>
        {title} {isCalls ? <span className="room-note">{entries.length}</span> : null}
      </h2>
      <ul>
        {shown.map((entry) => {
          const key = `${entry.kind} ${entry.item.seq} ${entry.sign}`;
          return isWide ? (
            <WideRow key={key} entry={entry} onJump={onJump} />
          ) : (
            <Row key={key} entry={entry} onJump={onJump} />
          );
        })}
      </ul>
      {more === 0 ? null : (
        <Button variant="small" onClick={() => setWhole(true)}>
          {texts.activityMore(more)}
        </Button>
      )}
    </section>
  );
}

/** Head of the list of rooms on a phone: what calls the user. */
export function ForYou({ onJump, onOpen }: ActivityProps) {
  const { texts } = usePage();
  const model = useModel();
  const calls = activityOf(model).filter((entry) => entry.isUnread && isCall(entry));
  return (
    <>
      <Turns rooms={ownTurns(model)} onOpen={onOpen} />
      {calls.length === 0 ? null : (
        <EntrySection title={texts.forYou} entries={calls} isWide={false} onJump={onJump} />
      )}
    </>
  );
}

interface PlaceRowProps {
  readonly room: RoomState;
  readonly onOpen: (target: string) => void;
  readonly isCalling?: boolean;
  readonly children: ReactNode;
}

/** Row of a room in which something waits for the user. */
function PlaceRow({ room, onOpen, isCalling = false, children }: PlaceRowProps) {
  const { id, kind, name, target, isSealed, isLocked, rules } = room;
  const line = { id, kind, name, isSealed, isLocked, post: rules.post };
  return (
    <li>
      <button
        type="button"
        className={isCalling ? "activity-row is-unread is-calling" : "activity-row"}
        onClick={() => onOpen(target)}
      >
        <RoomTile line={line} />
        <span className="room-text">
          <span className="room-name" dir="auto">
            {useTitle(target)}
          </span>
          {children}
        </span>
      </button>
    </li>
  );
}

interface TurnsProps extends Pick<PlaceRowProps, "onOpen"> {
  readonly rooms: readonly RoomState[];
}

function Turns({ rooms, onOpen }: TurnsProps) {
  const { texts } = usePage();
  if (rooms.length === 0) return null;
  return (
    <section aria-label={texts.ownTurn}>
      <h2>{texts.ownTurn}</h2>
      <ul>
        {rooms.map((room) => (
          <PlaceRow key={room.id} room={room} onOpen={onOpen} isCalling>
            <span className="activity-what">{texts.calledMe}</span>
          </PlaceRow>
        ))}
      </ul>
    </section>
  );
}

/** The user's own words that a reply answers. */
function Answered({ entry: { answered } }: Pick<RowProps, "entry">) {
  const { texts, times } = usePage();
  if (answered === undefined) return null;
  return (
    <span className="activity-mine" dir="auto">
      <PlainLine text={`${texts.ownPlace}: ${briefText(answered, texts, times)}`} />
    </span>
  );
}

function DueRow({ work: { room, dueUnixMs, isHandedIn }, onOpen }: DueProps) {
  const { texts } = usePage();
  return (
    <PlaceRow room={room} onOpen={onOpen}>
      <span className="activity-what">{texts.dueBy(dueTime(dueUnixMs), isHandedIn === false)}</span>
      {isHandedIn === true ? (
        <span className="activity-what">
          <span className="work-state">
            <Icon name="check" /> {texts.activityHandedIn}
          </span>
        </span>
      ) : null}
    </PlaceRow>
  );
}

function useRow({ entry, onJump }: RowProps) {
  const { chat } = usePage();
  const { kind, item, target, root, by = "", isUnread } = entry;
  const name = useShownName(by);
  const title = useTitle(target);
  const open = () => {
    onJump(target, root ?? item.seq);
    if (root !== undefined) chat.actions.openThread(root);
  };
  const isCalling = (kind === "mention" || kind === "everyone") && isUnread;
  const isWhole = isUnread && isCall(entry);
  const classes = [
    "activity-row",
    isUnread ? "is-unread" : "",
    isCalling ? "is-calling" : "",
    isWhole ? "is-whole" : "",
  ];
  return { name, title, open, className: classes.join(" ") };
}

function RowFace({ entry, name }: Pick<RowProps, "entry"> & { readonly name: string }) {
  const { kind, by = "", sign } = entry;
  return (
    <span className="activity-face">
      <Avatar name={name} user={by} tint={tintOf(by)} />
      <span className="activity-kind" aria-hidden="true">
        {sign === undefined ? <Icon name={KINDS[kind].icon} /> : cleanText(sign)}
      </span>
    </span>
  );
}

function Row(props: RowProps) {
  const { texts, times } = usePage();
  const { entry } = props;
  const { kind, item } = entry;
  const { name, title, open, className } = useRow(props);
  return (
    <li>
      <button type="button" className={className} onClick={open}>
        <RowFace entry={entry} name={name} />
        <span className="room-text">
          <span className="room-words">
            <span className="room-name" dir="auto">
              {name}
            </span>
            <time className="room-note">{times.brief(item.timeUnixMs)}</time>
          </span>
          <span className="activity-what" dir="auto">
            {texts.activityWhat[kind](title)}
          </span>
          <Answered entry={entry} />
          <span className="activity-text" dir="auto">
            <PlainLine text={briefText(item, texts, times)} />
          </span>
        </span>
      </button>
    </li>
  );
}

/** Row in one line, with the place and the time at its end. */
function WideRow(props: RowProps) {
  const { texts, times } = usePage();
  const { entry } = props;
  const { kind, item, target } = entry;
  const { name, title, open, className } = useRow(props);
  return (
    <li>
      <button type="button" className={className} onClick={open}>
        <RowFace entry={entry} name={name} />
        <span className="room-text">
          <span className="room-words">
            <span className="activity-did" dir="auto">
              <span className="room-name">{name}</span> {texts.activityDid[kind]}
            </span>
            <span className="activity-place" dir="auto">
              <PlaceTile target={target} />
              <span>{withoutSign(target, title)}</span>
            </span>
            <time className="room-note">{times.brief(item.timeUnixMs)}</time>
          </span>
          <Answered entry={entry} />
          <span className="room-last" dir="auto">
            <PlainLine text={briefText(item, texts, times)} />
          </span>
        </span>
      </button>
    </li>
  );
}

/** The list of rooms and conversations. */

import {
  type KeyboardEvent,
  type MouseEvent,
  memo,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { cleanText } from "../../../base/text.ts";
import { ownTurns } from "../../../core/model/activity.ts";
import { type DueWork, dueWork } from "../../../core/model/due.ts";
import { type FoldedEntry, withFoldedBoxes } from "../../../core/model/folded-boxes.ts";
import {
  dndEnd,
  isBoxOf,
  lastUnignored,
  ownStatus,
  peopleHere,
  type RoomList,
  type RoomListEntry,
  roomOf,
  unreadReplies,
} from "../../../core/model/selectors.ts";
import type { Item, Model, RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownCall, shownHands } from "../../../core/model/unignored.ts";
import { lastLine } from "../../../ui/text/event-text.ts";
import { mayCreateRooms } from "../../../ui/text/rules-text.ts";
import { fileIcon } from "../../browser/media.ts";
import { rove } from "../../input/keys.ts";
import { preloadFinder } from "../finder/slot.tsx";
import { useFind } from "../finder/store.ts";
import { useModelValue, useNarrow, useOnline, usePage, useTexts } from "../shell/context.tsx";
import { useGestures } from "../shell/gestures.ts";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import { MenuButton, menuItem } from "../shell/menu.tsx";
import { ServerTile } from "../shell/server-tile.tsx";
import { hasOtherAccounts, openOwnAccount, SettingsDialog } from "../shell/settings-dialog.tsx";
import { Activity, ForYou } from "./activity.tsx";
import { InvitationList, useInvitations } from "./invitations.tsx";
import { presenceText } from "./members.tsx";
import { OwnHead, OwnRows } from "./own-place.tsx";
import { Avatar, useShownName, useTitle } from "./person.tsx";
import { CreateRoomDialog, GroupDialog } from "./room-dialogs.tsx";
import { RoomMenu } from "./room-menu.tsx";
import { RoomTile } from "./tile.tsx";

interface LineProps {
  readonly line: FoldedEntry;
  /** The user's own work for the room. */
  readonly work?: Pick<DueWork, "dueUnixMs" | "isHandedIn"> | undefined;
  readonly onOpen: (target: string) => void;
}

function isEqual<Value extends object>(a: Value, b: Value | undefined): boolean {
  return (Object.keys(a) as (keyof Value)[]).every((key) => a[key] === b?.[key]);
}

function isSameLine(a: LineProps, b: LineProps): boolean {
  const isSameWork =
    a.work?.dueUnixMs === b.work?.dueUnixMs && a.work?.isHandedIn === b.work?.isHandedIn;
  return a.onOpen === b.onOpen && isSameWork && isEqual(a.line, b.line);
}

interface NoteProps {
  readonly icon: IconName;
  readonly text: string;
  readonly isStrong?: boolean;
}

function Note({ icon, text, isStrong }: NoteProps) {
  return (
    <span className={isStrong === true ? "room-note is-strong" : "room-note"} title={text}>
      <Icon name={icon} />
      <span className="sr-only">{text}</span>
    </span>
  );
}

/** Last message in short, and its author's face on the tile. */
function useLast(target: string, isDirect: boolean) {
  const { texts, times } = usePage();
  const item = useModelValue((model) => lastUnignored(model, target));
  const displayNames = useModelValue((model) => model.displayNames);
  if (item === undefined) return undefined;
  const text = lastLine(item, texts, times, { displayNames, isDirect });
  return { item, text, icon: lastIcon(item), time: times.brief(item.timeUnixMs) };
}

/** Kind of file that was sent last. */
function lastIcon({ files: [file], state }: Item): IconName | undefined {
  if (file === undefined || state !== "whole") return undefined;
  if (file.folder !== undefined) return "folder";
  if (file.details?.peaks !== undefined) return "mic";
  return fileIcon(file.name) ?? "file";
}

/** When the user's own work is due, in place of the last message. */
function WorkLine({ work }: Required<Pick<LineProps, "work">>) {
  const { texts, times } = usePage();
  if (work === undefined) return null;
  return (
    <span className="room-words">
      <span className="room-last" dir="auto">
        {texts.dueWhen(times.ahead(work.dueUnixMs))}
      </span>
      {work.isHandedIn === true ? (
        <span className="work-state">
          <Icon name="check" />
          {texts.handedInMenu}
        </span>
      ) : null}
    </span>
  );
}

function Count({ line }: Pick<LineProps, "line">) {
  const texts = useTexts();
  const { badge, mentions, isMuted, kind } = line;
  if (badge === 0) return null;
  // Every message of a direct conversation is to the user, so that nothing would stand out.
  const isCall = mentions > 0 && !isMuted && kind !== "person";
  return (
    <span className={isCall ? "count count-calls" : "count"}>
      <span aria-hidden="true">{badge > 999 ? "999+" : badge}</span>
      <span className="sr-only">
        {texts.unread(line.unread)}
        {mentions > 0 ? `, ${texts.mentionCount(mentions)}` : ""}
      </span>
    </span>
  );
}

const Line = memo(function Line({ line, work, onOpen }: LineProps) {
  const texts = useTexts();
  const { target, kind, name, badge, isOpen, isOnline, isIgnored, isMuted } = line;
  const shown = useShownName(name);
  const title = useTitle(target);
  const last = useLast(target, kind === "person");
  const classes = [
    "room-line",
    badge > 0 && !isMuted ? "is-unread" : "",
    isIgnored || isMuted ? "is-faint" : "",
  ];
  return (
    <li>
      <button
        type="button"
        className={classes.join(" ")}
        data-target={target}
        aria-current={isOpen ? "page" : undefined}
        onClick={() => onOpen(target)}
      >
        {kind === "person" ? (
          <>
            <Avatar name={shown} user={name} tint={tintOf(name)} />
            <span className={isOnline === true ? "dot dot-on" : "dot"}>
              <span className="sr-only">{presenceText(isOnline, texts)}</span>
            </span>
          </>
        ) : (
          <RoomTile line={line} author={last?.item.from} />
        )}
        <span className="room-text">
          <span className="room-words">
            <span className="room-name" dir="auto" title={cleanText(name)}>
              {kind === "person" ? shown : isBoxOf(target) ? title : cleanText(name)}
            </span>
            {line.isFavourite ? <Note icon="star" text={texts.favourite} /> : null}
            {line.isSealed ? <Note icon="lock" text={texts.sealed} isStrong /> : null}
            {line.isLocked ? <Note icon="key" text={texts.locked} /> : null}
            {isMuted ? <Note icon="quiet" text={texts.muted} /> : null}
            {line.hasDraft && !isOpen ? <Note icon="edit" text={texts.hasDraft} /> : null}
            {isIgnored ? <span className="room-note">{texts.ignoredMark}</span> : null}
            {last === undefined ? null : <time className="room-note">{last.time}</time>}
          </span>
          {work !== undefined && badge === 0 ? (
            <WorkLine work={work} />
          ) : last === undefined && badge === 0 ? null : (
            <span className="room-words">
              {line.newBoxes > 0 ? (
                <span className="room-last">{texts.newWork(line.newBoxes)}</span>
              ) : (
                <>
                  {last?.icon === undefined ? null : <Icon name={last.icon} />}
                  <span className="room-last" dir={kind === "person" ? "auto" : undefined}>
                    {last?.text}
                  </span>
                </>
              )}
              <Count line={line} />
            </span>
          )}
        </span>
        <span className="room-more" aria-hidden="true">
          <Icon name="more" />
        </span>
      </button>
    </li>
  );
}, isSameLine);

const SECTIONS = ["lesson", "calls", "unread", "favourites", "all"] as const;

type Section = readonly [key: (typeof SECTIONS)[number], lines: readonly FoldedEntry[]];

/**
 * Sections by activity.
 * @param lessons targets of rooms with a lesson
 * @param isNarrow whether the calls themselves precede the list
 */
function sectionsOf(
  { rooms, people }: RoomList,
  me: string,
  lessons: string,
  isNarrow: boolean,
): readonly Section[] {
  const lines = withFoldedBoxes([...rooms, ...people], me).toSorted(
    (a, b) => b.activeSeq - a.activeSeq,
  );
  const live = new Set(lessons.split("\n"));
  const keyOf = ({ target, isFirst, isFavourite, mentions, isMuted, kind }: RoomListEntry) => {
    if (live.has(target)) return "lesson";
    const isCalling = mentions > 0 && !isMuted && kind !== "person";
    if (isFirst) return isCalling && !isNarrow ? "calls" : "unread";
    return isFavourite ? "favourites" : "all";
  };
  return SECTIONS.flatMap((key) => {
    const listed = lines.filter((line) => keyOf(line) === key);
    return listed.length === 0 ? [] : [[key, listed] as const];
  });
}

/** Targets, one per line: a text stays the same while they do. */
function lessonTargets(model: Model): string {
  if (model.connection.kind !== "online") return "";
  // A poll may stay open for days, also in an office.
  const hasLesson = (room: RoomState) =>
    room.kind === "room" &&
    (shownHands(model, room).length > 0 || shownCall(model, room) !== undefined);
  return [...model.rooms.values()]
    .filter(hasLesson)
    .map(({ target }) => target)
    .join("\n");
}

/** Target, due time and state of each own work, one per line, as of `lessonTargets`. */
function ownWork(model: Model): string {
  const works = dueWork(model, Date.now());
  return works
    .map(({ room, dueUnixMs, isHandedIn }) => [room.target, dueUnixMs, isHandedIn].join(" "))
    .join("\n");
}

function workOf(works: readonly string[], target: string): LineProps["work"] {
  const line = works.find((work) => work.startsWith(`${target} `));
  const [, due, state] = line?.split(" ") ?? [];
  return due === undefined
    ? undefined
    : { dueUnixMs: Number(due), isHandedIn: state === "" ? undefined : state === "true" };
}

interface SectionProps extends Pick<RoomsProps, "onOpen"> {
  readonly listed: readonly FoldedEntry[];
}

function SectionLines({ listed, onOpen }: SectionProps) {
  const works = useModelValue(ownWork).split("\n");
  return (
    <ul>
      {listed.map((line) => (
        <Line key={line.target} line={line} work={workOf(works, line.target)} onOpen={onOpen} />
      ))}
    </ul>
  );
}

type SectionsProps = Pick<RoomsProps, "lines" | "me" | "onOpen">;

function Sections({ lines, me, onOpen }: SectionsProps) {
  const { listSections } = useTexts();
  const list = useRef<HTMLDivElement>(null);
  const open = [...lines.rooms, ...lines.people].find(({ isOpen }) => isOpen)?.target;
  const isNarrow = useNarrow();
  useEffect(() => {
    if (open === undefined || isNarrow) return;
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [open, isNarrow]);
  const lessons = useModelValue(lessonTargets);
  const sections = sectionsOf(lines, me, lessons, isNarrow);
  return (
    <div ref={list}>
      {sections.map(([key, listed]) => (
        <section key={key} className="room-section" aria-label={listSections[key]}>
          {sections.length > 1 || key !== "all" ? (
            <h2>
              {key === "lesson" ? <span className="dot dot-on" /> : null}
              {listSections[key]}
            </h2>
          ) : null}
          <SectionLines listed={listed} onOpen={onOpen} />
        </section>
      ))}
    </div>
  );
}

function lineAt(target: EventTarget | null): HTMLElement | undefined {
  const line = target instanceof Element ? target.closest<HTMLElement>(".room-line") : null;
  return line ?? undefined;
}

/** The menu also opens on a long press, which not every browser reports as a right click. */
function useLineMenu() {
  const { chat } = usePage();
  const [anchor, setAnchor] = useState<HTMLElement | undefined>(undefined);
  const nav = useRef<HTMLElement>(null);
  const last = useRef<HTMLElement>(undefined);
  const hasMoved = useRef(false);
  // Before the closing menu hands the focus on: its line may be hidden, or in another section.
  useLayoutEffect(() => {
    if (last.current?.isConnected === false) {
      const lines = [...(nav.current?.querySelectorAll<HTMLElement>(".room-line") ?? [])];
      const target = last.current.dataset["target"];
      last.current = lines.find(({ dataset }) => dataset["target"] === target) ?? lines[0];
      hasMoved.current = true;
    }
    if (hasMoved.current && document.activeElement === document.body) last.current?.focus();
    else if (anchor !== undefined) return;
    hasMoved.current = false;
  });
  const open = (line: HTMLElement | undefined) => {
    const target = line?.dataset["target"];
    if (target === undefined || roomOf(chat.model, target) === undefined) return false;
    last.current = line;
    setAnchor(line);
    return true;
  };
  useGestures(nav, { longPress: (target) => open(lineAt(target)) });
  const on = {
    onContextMenu: (event: MouseEvent) => {
      if (open(lineAt(event.target))) event.preventDefault();
    },
    onClickCapture: (event: MouseEvent) => {
      const isMore = event.target instanceof Element && event.target.closest(".room-more") !== null;
      if (isMore && open(lineAt(event.target))) event.stopPropagation();
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      const isMenu = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
      if (isMenu && open(lineAt(event.target))) event.preventDefault();
      else moveFocus(event);
    },
  };
  return { nav, anchor, on, close: useCallback(() => setAnchor(undefined), []) };
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const lines = [...event.currentTarget.querySelectorAll<HTMLElement>(".room-line")];
  const at = lines.indexOf(document.activeElement as HTMLElement);
  if (at < 0 || event.altKey) return;
  const next = rove(event.key, at, lines.length);
  if (next === undefined) return;
  event.preventDefault();
  lines[next]?.focus();
}

export interface RoomsProps {
  readonly place: PagePlace | undefined;
  readonly setPlace: (place: PagePlace) => void;
  readonly lines: RoomList;
  readonly isKnown: boolean;
  readonly me: string;
  readonly isOperator: boolean;
  readonly onOpen: (target: string) => void;
  readonly onDashboard: () => void;
  readonly onJump: (target: string, seq: number) => void;
}

const isSameList = (a: readonly RoomListEntry[], b: readonly RoomListEntry[]) =>
  a.length === b.length && a.every((line, i) => isEqual(line, b[i]));

/** Compares the lines, because each message recreates the lists. */
function isSameRooms({ lines, ...propsA }: RoomsProps, { lines: linesB, ...propsB }: RoomsProps) {
  const isSame = isSameList(lines.rooms, linesB.rooms) && isSameList(lines.people, linesB.people);
  return isSame && isEqual(propsA, propsB);
}

const SKELETON_ROWS = 6;

/** Rows of a list that the server has not sent yet. */
function Skeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: SKELETON_ROWS }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are equal
        <div key={i} className="skeleton-row">
          <span className="tile" />
          <span className="skeleton-words">
            <span />
            <span />
          </span>
        </div>
      ))}
    </div>
  );
}

function RoomLists(props: SectionsProps & Pick<RoomsProps, "isKnown" | "onJump">) {
  const { lines, isKnown, me, onOpen, onJump } = props;
  const isNarrow = useNarrow();
  const texts = useTexts();
  const menu = useLineMenu();
  return (
    <nav className="room-lists" aria-label={texts.rooms} ref={menu.nav} {...menu.on}>
      {isKnown ? (
        <>
          <InvitationList onOpen={onOpen} />
          {isNarrow ? <ForYou onJump={onJump} onOpen={onOpen} /> : null}
          <Sections lines={lines} me={me} onOpen={onOpen} />
        </>
      ) : (
        <Skeleton />
      )}
      {menu.anchor === undefined ? null : (
        <RoomMenu
          target={menu.anchor.dataset["target"] ?? ""}
          anchor={menu.anchor}
          onClose={menu.close}
        />
      )}
    </nav>
  );
}

export type PagePlace = "chats" | "activity" | "you";

interface PlaceTabProps {
  readonly icon: IconName;
  readonly label: string;
  readonly to: PagePlace;
  readonly place: PagePlace | undefined;
  readonly setPlace: (place: PagePlace) => void;
  /** Number of what waits there. */
  readonly count?: number;
  /** User whose face stands for the icon. */
  readonly face?: string;
}

function PlaceTab(props: PlaceTabProps) {
  const { icon, label, to, place, setPlace, count = 0, face } = props;
  const page = usePage();
  const { texts } = page;
  const button = useRef<HTMLButtonElement>(null);
  const openAccounts = () => {
    if (!hasOtherAccounts(page)) return false;
    openOwnAccount(page);
    return true;
  };
  useGestures(button, face === undefined ? {} : { longPress: openAccounts });
  return (
    <button
      ref={button}
      type="button"
      className="place-tab"
      aria-current={place === to ? "page" : undefined}
      title={label}
      onClick={() => setPlace(to)}
    >
      <span className="place-pill">
        {face === undefined ? <Icon name={icon} /> : <Face user={face} />}
        {count === 0 ? null : (
          <span className="count count-calls">
            <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
          </span>
        )}
      </span>
      <span className="place-name">{label}</span>
      {count === 0 ? null : <span className="sr-only">, {texts.unread(count)}</span>}
    </button>
  );
}

/** Whether the page is connected, and the people who are here. */
function ServerState() {
  const { texts } = usePage();
  const isOnline = useOnline();
  const here = useModelValue(peopleHere);
  if (!isOnline) return <span className="topic">{texts.connecting}</span>;
  if (here === 0) return null;
  return (
    <span className="topic">
      <span className="dot dot-on" /> {texts.hereCount(here)}
    </span>
  );
}

function Face({ user }: { readonly user: string }) {
  return <Avatar name={useShownName(user)} user={user} tint={tintOf(user)} />;
}

/** Number of unread mentions in rooms, unread threads, own turns and requests. */
function callsOf(model: Model): number {
  let calls = unreadReplies(model).length + ownTurns(model).length;
  for (const { kind, mentions, knocks = [] } of model.rooms.values()) {
    calls += knocks.length + (kind === "room" ? mentions.length : 0);
  }
  return calls;
}

/** The user's own status, or whether the page is connected. */
function useOwnState(): string {
  const { texts } = usePage();
  const isOnline = useOnline();
  const status = useModelValue((model) => ownStatus(model, Date.now()));
  return isOnline ? cleanText(status ?? texts.available) : texts.ownOffline;
}

function OwnButton({ me }: { readonly me: string }) {
  const page = usePage();
  const { texts } = page;
  const name = useShownName(me);
  const state = useOwnState();
  const isQuiet = useModelValue((model) => dndEnd(model) !== undefined);
  return (
    <button type="button" className="me-button" onClick={() => openOwnAccount(page)}>
      <Avatar name={name} user={me} tint={tintOf(me)} />
      <span className="me-words">
        <span className="room-name" dir="auto">
          {name}
        </span>
        <span className="me-state" dir="auto">
          {state}
        </span>
      </span>
      <span className="sr-only">{texts.account}</span>
      {isQuiet ? <Note icon="quiet" text={texts.dnd} /> : null}
    </button>
  );
}

export const SidebarRooms = memo(function SidebarRooms(props: RoomsProps) {
  const { lines, isKnown, me, isOperator, place: chosen, setPlace } = props;
  const { onOpen, onDashboard, onJump } = props;
  const find = useFind();
  const { texts, chat, openDialog } = usePage();
  const server = useModelValue((model) => model.server);
  const calls = useModelValue(callsOf) + useInvitations().length;
  const isNarrow = useNarrow();
  const place = chosen === "you" && !isNarrow ? "chats" : chosen;
  // Beside the list, Activity has a place of its own.
  const listed = isNarrow ? place : "chats";
  const tabs = { place, setPlace };
  const isOverHttp = useModelValue(() => chat.isOverHttp);
  const isCreator = useModelValue(mayCreateRooms);
  const newItems = () => [
    menuItem(texts.browseRooms, () => find({ group: "rooms" }), "list"),
    ...(isCreator
      ? [menuItem(texts.createRoom, () => openDialog(CreateRoomDialog, { onOpen }), "plus")]
      : []),
    menuItem(texts.newDirect, () => find({ group: "people" }), "edit"),
    menuItem(texts.newGroup, () => openDialog(GroupDialog, { onOpen }), "people"),
    ...(isNarrow ? [] : [menuItem(texts.invite, () => openDialog(InviteDialog), "invite")]),
  ];
  const newButton = (
    <MenuButton
      className="new-button"
      label={texts.newThing}
      items={newItems}
      icon={isNarrow ? "plus" : "compose"}
    />
  );
  return (
    <>
      <div className="side-head" hidden={isNarrow && place !== "chats"}>
        <ServerTile name={server?.name ?? ""} />
        <div className="server-about">
          <strong className="server-name" dir="auto">
            {cleanText(server?.name ?? "")}
          </strong>
          {isNarrow ? <ServerState /> : null}
        </div>
        {isOperator ? (
          <IconButton icon="dashboard" label={texts.dashboard} onPress={onDashboard} />
        ) : null}
        {isNarrow ? null : newButton}
      </div>
      {listed === "chats" ? (
        <div className="find-box">
          <button
            type="button"
            className="find"
            onPointerEnter={preloadFinder}
            onFocus={preloadFinder}
            onClick={() => find()}
          >
            <Icon name="search" />
            {texts.findAnything}
          </button>
          {isNarrow ? null : (
            <span className="find-keys" aria-hidden="true">
              Ctrl K
            </span>
          )}
        </div>
      ) : listed === "you" ? (
        <OwnHead me={me} />
      ) : null}
      {listed === "activity" ? (
        <Activity onJump={onJump} onOpen={onOpen} />
      ) : listed === "you" ? (
        <div className="room-lists">
          <OwnRows onJump={onJump} />
        </div>
      ) : (
        <>
          <RoomLists lines={lines} isKnown={isKnown} me={me} onOpen={onOpen} onJump={onJump} />
          {isNarrow ? newButton : null}
        </>
      )}
      {isOverHttp ? <p className="hint side-hint">{texts.overHttp}</p> : null}
      <div className="side-foot">
        {isNarrow ? null : <OwnButton me={me} />}
        <PlaceTab icon="message" label={texts.chats} to="chats" {...tabs} />
        <PlaceTab icon="bell" label={texts.activity} to="activity" count={calls} {...tabs} />
        {isNarrow ? (
          <PlaceTab icon="person" label={texts.ownPlace} to="you" {...tabs} face={me} />
        ) : (
          <IconButton
            icon="gear"
            label={texts.settings}
            onPress={() => openDialog(SettingsDialog)}
          />
        )}
      </div>
    </>
  );
}, isSameRooms);

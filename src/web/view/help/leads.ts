/** Facts of the questions that no language changes: their signs, and where an answer leads. */

import { isSameName } from "../../../core/model/item.ts";
import { isOnline, openRoom, roomList, roomOf } from "../../../core/model/selectors.ts";
import type { Member, Model, RoomState } from "../../../core/model/state.ts";
import type { HelpId } from "../../../ui/help/help.ts";
import { placeTitle, withoutSign } from "../../../ui/text/target-text.ts";
import type { FinderStore } from "../finder/store.ts";
import { RoomDetailsDialog } from "../room/room-dialogs.tsx";
import type { PagePlace } from "../room/sidebar.tsx";
import type { PageValue } from "../shell/context.tsx";
import type { IconName } from "../shell/icons.tsx";
import {
  openOwnAccount,
  SettingsDialog,
  type SettingsPart,
  signOutHere,
} from "../shell/settings-dialog.tsx";
import { helpLanguage } from "./texts.ts";

/** Button of an answer. */
export interface Lead {
  readonly label: string;
  readonly run: () => void;
}

export interface LeadContext {
  readonly page: PageValue;
  /** Closes the help, and opens a room or conversation. */
  readonly onOpen: (target: string) => void;
  readonly setPlace: (place: PagePlace) => void;
  readonly find: FinderStore["find"];
}

interface QuestionFacts {
  readonly icon: IconName;
  /** Whether its sentences are steps. */
  readonly hasSteps?: true;
  /** `undefined` if nothing on this page answers it. */
  readonly lead?: (context: LeadContext) => Lead | undefined;
}

const FACTS: { readonly [Id in HelpId]?: QuestionFacts } = {
  handIn: { icon: "edit", hasSteps: true, lead: (context) => toRoom(context, workRoom) },
  hand: { icon: "hand", hasSteps: true, lead: (context) => toRoom(context, talkRoom) },
  answerOne: { icon: "reply", hasSteps: true, lead: (context) => toRoom(context, openRoom) },
  media: { icon: "picture", hasSteps: true, lead: (context) => toRoom(context, openRoom) },
  unsent: { icon: "clock", lead: (context) => toRoom(context, unsentRoom) },
  findAgain: { icon: "search", lead: toFinder },
  missed: { icon: "bell", lead: toActivity },
  quiet: { icon: "quiet", lead: settings("notifications") },
  whoReads: { icon: "eye", lead: toDetails },
  unkind: { icon: "shield" },
  nameAndPicture: { icon: "person", lead: toAccount },
  sharedComputer: { icon: "leave", hasSteps: true, lead: toSignOut },
  newDevice: { icon: "device", hasSteps: true, lead: settings("devices") },
  closedPage: { icon: "bell", lead: settings("notifications") },
  warning: { icon: "alert" },
  password: { icon: "key" },
  unreadable: { icon: "lock" },
  leaveServer: { icon: "leave" },
  assign: { icon: "edit" },
  late: { icon: "clock", lead: (context) => toRoom(context, assignmentRoom) },
  collect: { icon: "folder", lead: (context) => toRoom(context, assignmentRoom) },
  callOn: { icon: "hand", lead: (context) => toRoom(context, openRoom) },
  poll: { icon: "poll", lead: (context) => toRoom(context, openRoom) },
};

export function questionIcon(id: HelpId): IconName {
  return FACTS[id]?.icon ?? "help";
}

export function hasSteps(id: HelpId): boolean {
  return FACTS[id]?.hasSteps === true;
}

export function leadOf(id: HelpId, context: LeadContext): Lead | undefined {
  return FACTS[id]?.lead?.(context);
}

function titleIn({ chat, texts }: PageValue, target: string): string {
  return withoutSign(target, placeTitle(chat.model, target, texts));
}

function toRoom(
  { page, onOpen }: LeadContext,
  choose: (model: Model) => RoomState | undefined,
): Lead | undefined {
  const room = choose(page.chat.model);
  if (room === undefined) return undefined;
  const { own } = helpLanguage(page.texts.lang);
  return { label: own.open(titleIn(page, room.target)), run: () => onOpen(room.target) };
}

function roomsOf(model: Model): readonly RoomState[] {
  const listed = roomList(model).rooms.map(({ target }) => roomOf(model, target));
  return listed.filter((room) => room !== undefined);
}

/** The open room, if the user hands in work there; otherwise the first of these. */
function workRoom(model: Model): RoomState | undefined {
  const isWork = (room: RoomState) => room.rules.post === "private" && !room.moderates;
  return preferOpen(model, isWork);
}

function assignmentRoom(model: Model): RoomState | undefined {
  return preferOpen(model, (room) => room.rules.post === "private" && room.moderates);
}

function talkRoom(model: Model): RoomState | undefined {
  return (
    preferOpen(model, (room) => room.kind === "room" && room.hands.length > 0) ?? openRoom(model)
  );
}

function preferOpen(model: Model, isWanted: (room: RoomState) => boolean): RoomState | undefined {
  const open = openRoom(model);
  return open !== undefined && isWanted(open) ? open : roomsOf(model).find(isWanted);
}

/** Room of the oldest message that waits. */
function unsentRoom(model: Model): RoomState | undefined {
  const [waiting] = model.waiting;
  return roomOf(model, waiting?.to[0] ?? "") ?? openRoom(model);
}

function toFinder({ page: { texts }, find }: LeadContext): Lead {
  return { label: texts.findAnything, run: () => find() };
}

function toActivity({ page: { texts }, setPlace }: LeadContext): Lead {
  return { label: texts.activity, run: () => setPlace("activity") };
}

function settings(part: SettingsPart): (context: LeadContext) => Lead {
  return ({ page: { texts, openDialog } }) => ({
    label: part === "devices" ? texts.devices : texts.notifications,
    run: () => openDialog(SettingsDialog, { part }),
  });
}

function toAccount({ page }: LeadContext): Lead {
  return { label: page.texts.account, run: () => openOwnAccount(page) };
}

function toSignOut({ page }: LeadContext): Lead {
  return { label: page.texts.logout, run: () => signOutHere(page) };
}

function toDetails({ page: { chat, texts, openDialog } }: LeadContext): Lead | undefined {
  const room = openRoom(chat.model);
  if (room?.kind !== "room") return undefined;
  const { target } = room;
  return { label: texts.roomDetails, run: () => openDialog(RoomDetailsDialog, { target }) };
}

/** The moderator whom the user can ask: of the open room, and here if one of them is. */
export function moderatorFor(model: Model): string | undefined {
  const open = openRoom(model);
  const rooms = open === undefined ? roomsOf(model) : [open, ...roomsOf(model)];
  const people = rooms.flatMap(({ members = [] }) => members).filter(isAskable(model));
  return (people.find(({ name }) => isOnline(model, name)) ?? people[0])?.name;
}

function isAskable({ me }: Model): (member: Member) => boolean {
  return ({ name, role, isBot }) => role !== "member" && isBot !== true && !isSameName(name, me);
}

/** Acts of the finder: in rooms, on settings, and commands. */

import { HOUR_MS } from "../../../base/time.ts";
import type { Candidate } from "../../../core/finder/finder.ts";
import { isSameName } from "../../../core/model/item.ts";
import { dndEnd, isBoxOf, isMuted, roomList, roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { usageFor } from "../../../ui/command.ts";
import { COMMANDS } from "../../../ui/commands.ts";
import type { PageFinderTexts } from "../../../ui/messages/en/finder-page.ts";
import { PAGE_KEYS, type PageSettings, settingRow } from "../../../ui/settings.ts";
import { mayCreateRooms } from "../../../ui/text/rules-text.ts";
import { placeTitle, withoutSign } from "../../../ui/text/target-text.ts";
import { helpOf } from "../../input/help-view.ts";
import { commandSummary } from "../../input/slash.ts";
import { handItem } from "../room/lesson.tsx";
import { pollItem } from "../room/poll.tsx";
import { CreateRoomDialog, GroupDialog } from "../room/room-dialogs.tsx";
import { SavedDialog } from "../room/saved.tsx";
import type { PageValue } from "../shell/context.tsx";
import type { IconName } from "../shell/icons.tsx";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import type { MenuItem } from "../shell/menu.tsx";
import { SettingsDialog, type SettingsPart, signOutHere } from "../shell/settings-dialog.tsx";
import type { DoneAct, FinderProps } from "./store.ts";

/** Choice among the forms of an action. */
interface ActionChoice {
  readonly label: string;
  readonly run: () => DoneAct | undefined;
}

export interface ActionRow extends Candidate {
  readonly kind: "actions";
  readonly title: string;
  readonly about: string;
  readonly icon: IconName;
  /** The first is the most wanted. */
  readonly choices: readonly [ActionChoice, ...ActionChoice[]];
}

export interface PageSettingRow extends Candidate {
  readonly kind: "settings";
  readonly title: string;
  /** Setting that is switched in its row; `undefined` for a part of the settings. */
  readonly setting: keyof PageSettings | undefined;
  /** Part of the settings dialog. */
  readonly part: SettingsPart;
  readonly icon: IconName;
}

const QUIET_HOURS = [1, 8, 24] as const;
const MORNING_HOUR = 7;

function tomorrowMorning(): number {
  const date = new Date();
  date.setDate(date.getDate() + 1);
  return date.setHours(MORNING_HOUR, 0, 0, 0);
}

type Context = PageValue & { readonly own: PageFinderTexts } & FinderProps;

function action(
  id: string,
  title: string,
  icon: IconName,
  run: () => void,
  words = "",
  about = "",
): ActionRow {
  const choices = [{ label: "", run: () => void run() }] as const;
  return {
    kind: "actions",
    id: `action ${id}`,
    title,
    about,
    icon,
    choices,
    names: [title],
    texts: [words],
  };
}

function fromItem(
  id: string,
  title: string,
  item: MenuItem | undefined,
  words: string,
  about: string,
): readonly ActionRow[] {
  if (item === undefined) return [];
  return [action(id, title, item.icon ?? "more", item.onChoose, words, about)];
}

/** Raises or lowers the user's hand; undoing it is the other of the two. */
function handActions(context: Context, room: RoomState, about: string): readonly ActionRow[] {
  const { own, chat } = context;
  const item = () => handItem(context, roomOf(chat.model, room.target) ?? room)[0];
  const [row] = fromItem("hand", item()?.label ?? "", item(), own.purposes.hand, about);
  if (row === undefined) return [];
  const run = () => {
    row.choices[0].run();
    return { text: row.title, undo: () => item()?.onChoose() };
  };
  return [{ ...row, choices: [{ label: "", run }] }];
}

/** Returns the actions, those in the open room first. */
export function actionRows(context: Context): readonly ActionRow[] {
  const { chat, texts, own, openDialog, onOpen, onJump } = context;
  const help = helpOf(context);
  const { model } = chat;
  const { actionWords: words, purposes } = own;
  const { rooms, people } = roomList(model);
  const listed = [...rooms, ...people]
    .toSorted((a, b) => Number(b.isOpen) - Number(a.isOpen) || b.activeSeq - a.activeSeq)
    .map(({ target }) => roomOf(model, target))
    .filter((room) => room !== undefined);
  const { prefs } = model;
  const isQuiet = dndEnd(model) !== undefined;
  const setQuiet = (untilUnixMs: number | undefined) => () => {
    const before = dndEnd(model);
    chat.actions.doNotDisturb(untilUnixMs);
    return { text: texts.dnd, undo: () => chat.actions.doNotDisturb(before) };
  };
  const quietChoices = QUIET_HOURS.map((hours) => ({
    label: own.hours(hours),
    run: setQuiet(Date.now() + hours * HOUR_MS),
  }));
  const quiet: ActionRow = {
    ...action("quiet", isQuiet ? own.quietOff : texts.dnd, "moon", () => undefined, purposes.dnd),
    choices: isQuiet
      ? [{ label: "", run: setQuiet(undefined) }]
      : (quietChoices as [ActionChoice, ...ActionChoice[]]),
  };
  return [
    ...(prefs === undefined ? [] : listed.map((room) => muteAction(context, room))),
    ...listed.flatMap((room) => roomActions(context, room)),
    ...(prefs === undefined ? [] : [quiet]),
    ...(mayCreateRooms(model)
      ? [
          action(
            "create",
            texts.createRoom,
            "plus",
            () => openDialog(CreateRoomDialog, { onOpen }),
            purposes.join,
          ),
        ]
      : []),
    action(
      "group",
      texts.newGroup,
      "people",
      () => openDialog(GroupDialog, { onOpen }),
      purposes.msg,
    ),
    action("invite", texts.invite, "invite", () => openDialog(InviteDialog), purposes.invite),
    ...(prefs === undefined
      ? []
      : [
          action(
            "saved",
            texts.saved,
            "bookmark",
            () => openDialog(SavedDialog, { onJump }),
            purposes.saved,
          ),
          action(
            "status",
            texts.setStatus,
            "smile",
            () => openDialog(SettingsDialog, { part: "account" }),
            purposes.status,
          ),
          action("read", own.markAllRead, "check", () => chat.actions.allRead(), purposes.read),
        ]),
    action("keys", own.keyboardKeys, "keyboard", () => help.open({ tab: "keys" }), words.keys),
    action("help", texts.help, "help", () => help.open(), words.help),
    action("settings", texts.settings, "gear", () => openDialog(SettingsDialog), purposes.set),
    action("logout", texts.logout, "leave", () => signOutHere(context), purposes.logout),
  ];
}

function titleIn({ chat, texts }: PageValue, target: string): string {
  return withoutSign(target, placeTitle(chat.model, target, texts));
}

function muteAction(context: Context, room: RoomState): ActionRow {
  const { chat, own, times, texts } = context;
  const { target, id } = room;
  const title = titleIn(context, target);
  const before = chat.model.prefs?.get(id)?.muted;
  const set = (muted: number | undefined, text: string) => () => {
    chat.actions.setPrefs(target, { muted });
    return { text, undo: () => chat.actions.setPrefs(target, { muted: before }) };
  };
  const isOpen = isSameName(chat.model.open, target);
  const base = { kind: "actions", id: `mute ${target}` } as const;
  if (isMuted(chat.model, id)) {
    const name = own.unmute(title);
    const about =
      before === 0 || before === undefined ? own.muted : texts.until(times.full(before));
    const choices = [{ label: "", run: set(undefined, own.unmuteDone(title)) }] as const;
    return {
      ...base,
      title: name,
      about,
      icon: "bell",
      choices,
      names: [name],
      texts: [own.muted],
    };
  }
  const name = own.mute(title);
  const morning = tomorrowMorning();
  const done = own.muteDone(title);
  return {
    ...base,
    title: name,
    about: isOpen ? own.openRoom : "",
    icon: "quiet",
    choices: [
      { label: own.muteHour, run: set(Date.now() + HOUR_MS, done) },
      { label: own.muteTomorrow(times.clock(morning)), run: set(morning, done) },
      { label: own.muteAlways, run: set(0, done) },
    ],
    names: [name],
    texts: [own.purposes.notify],
  };
}

function roomActions(context: Context, room: RoomState): readonly ActionRow[] {
  const { chat, own, onOpen } = context;
  const { target } = room;
  const { actionWords: words } = own;
  const title = titleIn(context, target);
  const isOpen = isSameName(chat.model.open, target);
  const about = isOpen ? own.openRoom : "";
  const isWork = room.rules.post === "private" && !room.moderates && !isBoxOf(target);
  const handIn = () => onOpen(target); // Messages of members are handed in there.
  return [
    ...fromItem(
      `poll ${target}`,
      own.newPollIn(title),
      pollItem(context, room)[0],
      own.purposes.poll,
      about,
    ),
    ...(isOpen ? handActions(context, room, about) : []),
    ...(isWork ? [action(`work ${target}`, own.handIn(title), "edit", handIn, words.handIn)] : []),
  ];
}

/** Settings with a switch or choices, and the parts of the settings. */
export function settingRows({ texts }: PageValue): readonly PageSettingRow[] {
  const { lang } = texts;
  const rows = PAGE_KEYS.flatMap((key): PageSettingRow[] => {
    const { control } = settingRow(key);
    if (control === undefined) return [];
    const { [lang]: title } = control.label;
    const options = Object.values(control.options ?? {}).map((option) => option[lang]);
    const part = control.part === "keyboard" ? "look" : control.part;
    const icon = PART_ICONS[part];
    return [
      {
        kind: "settings",
        id: `set ${key}`,
        title,
        setting: key,
        part,
        icon,
        names: [title],
        texts: options,
      },
    ];
  });
  const parts = (Object.keys(PART_ICONS) as SettingsPart[]).map((part): PageSettingRow => {
    const title = {
      account: texts.accountSection,
      devices: texts.devices,
      notifications: texts.notifications,
      look: texts.look,
      privacy: texts.privacy,
    }[part];
    const icon = PART_ICONS[part];
    return {
      kind: "settings",
      id: `part ${part}`,
      title,
      setting: undefined,
      part,
      icon,
      names: [title],
      texts: [texts.settings],
    };
  });
  return [...rows, ...parts];
}

const PART_ICONS: Readonly<Record<SettingsPart, IconName>> = {
  account: "person",
  devices: "laptop",
  notifications: "bell",
  look: "eye",
  privacy: "shield",
};

/** Slash commands, which the composer takes with what they need. */
export function commandRows(context: Context): readonly ActionRow[] {
  const { chat, texts, own } = context;
  const { open } = chat.model;
  if (open === undefined) return [];
  const purposes: Readonly<Record<string, string>> = own.purposes;
  return Object.entries(COMMANDS).map(([name, command]) => {
    const usage = usageFor(command, "page");
    const run = () => {
      chat.actions.setDraft(open, { text: `/${name} ` });
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>(".main .composer textarea")?.focus(),
      );
    };
    const summary = commandSummary(name, texts);
    const row = action(`command ${name}`, usage, "terminal", run, summary, summary);
    const purpose = purposes[name] ?? "";
    return { ...row, names: [name, usage], texts: [summary, purpose] };
  });
}

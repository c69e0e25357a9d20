/** Members of the open room, and the actions for a user. */

import { memo, useContext, useMemo, useState } from "react";
import { foldCase } from "../../../base/case-fold.ts";
import { PRESENCE_MEMBERS_MAX } from "../../../base/limits.ts";
import { compareNames } from "../../../base/names.ts";
import { isSameName } from "../../../core/model/item.ts";
import { displayedLike } from "../../../core/model/people.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Member, Model, RoomState } from "../../../core/model/state.ts";
import { shownHands } from "../../../core/model/unignored.ts";
import { isMutedAt } from "../../../core/rooms/prefs.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { peopleSections } from "../../../ui/text/people-sections.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { Announced } from "../shell/announced.tsx";
import { type PageValue, useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";
import { MenuButton, type MenuItem, menuItem } from "../shell/menu.tsx";
import { isSameExceptMessages } from "../shell/same-room.ts";
import { type ModerationAct, ModerationDialog } from "./moderation-dialog.tsx";
import {
  AccountName,
  Avatar,
  CardContext,
  useMarks,
  useNames,
  usePerson,
  useShownName,
} from "./person.tsx";

/** Durations in the menu; `/mute NAME 3d` accepts any duration. */
const MUTE_MINUTES = [10, 60, 24 * 60] as const;

export interface PersonContext {
  readonly name: string;
  readonly role: string;
  readonly room: string | undefined;
  readonly moderates: boolean;
  readonly mutedUntilUnixMs?: number | undefined;
  readonly isBot?: boolean | undefined;
}

export function personContext(model: Model, name: string): PersonContext {
  const room = openRoom(model);
  const member = room?.members?.find((entry) => isSameName(entry.name, name));
  const { moderates = false } = room ?? {};
  return {
    name: member?.name ?? name,
    role: member?.role ?? "member",
    room: room?.kind === "room" ? room.name : undefined,
    moderates,
    mutedUntilUnixMs: member?.mutedUntilUnixMs,
    isBot: member?.isBot,
  };
}

export function personItems(page: PageValue, person: PersonContext): MenuItem[] {
  const { texts, chat, fail } = page;
  const { name, room, moderates } = person;
  const isIgnored = chat.model.ignored.has(name.toLowerCase());
  const ignore = () => void chat.actions.ignore(name, !isIgnored).catch(fail);
  const items = [
    menuItem(
      texts.writeTo(personText(chat.model, name)),
      () => chat.actions.open(`@${name}`),
      "edit",
    ),
    menuItem(isIgnored ? texts.unignore : texts.ignore, ignore),
  ];
  if (room === undefined || !moderates) return items;
  return [...items, ...moderationItems(page, room, person)];
}

function moderationItems(page: PageValue, room: string, person: PersonContext): MenuItem[] {
  const { name: user, role, mutedUntilUnixMs } = person;
  const { texts, chat, fail, openDialog } = page;
  const openModeration = (act: ModerationAct) => openDialog(ModerationDialog, { act, user, room });
  const isModerator = role === "moderator";
  const unmute = () => void chat.request("mute", { room, user, on: false }).catch(fail);
  const muteFor = (minutes: number) => {
    const until = Date.now() + minutes * 60_000;
    chat.request("mute", { room, user, on: true, until }).catch(fail);
  };
  const mutes = [
    ...MUTE_MINUTES.map((minutes) => menuItem(texts.muteFor(minutes), () => muteFor(minutes))),
    menuItem(texts.mute, () => openModeration("mute")),
  ];
  const roleText = isModerator ? texts.removeModerator : texts.makeModerator;
  const call = () => void chat.actions.callOn(room, user).catch(fail);
  return [
    menuItem(texts.callOn(personText(chat.model, user)), call, "hand"),
    ...(isMutedAt(mutedUntilUnixMs, Date.now()) ? [menuItem(texts.unmute, unmute)] : mutes),
    menuItem(roleText, () => openModeration(isModerator ? "ungrant" : "grant")),
    { label: texts.kick, isDanger: true, onChoose: () => openModeration("kick") },
  ];
}

/** @param isOnline `undefined` if unknown, such as while this page is offline */
export function presenceText(isOnline: boolean | undefined, texts: Texts): string {
  if (isOnline === undefined) return texts.presenceUnknown;
  return isOnline ? texts.online : texts.offlineStatus;
}

interface PersonProps {
  readonly member: Member;
  readonly room: string | undefined;
  readonly moderates: boolean;
  readonly isMe: boolean;
  /** Position of the raised hand, or 0. */
  readonly hand: number;
}

const Person = memo(function Person({ member, room, moderates, isMe, hand }: PersonProps) {
  const page = usePage();
  const { texts } = page;
  const isIgnored = useModelValue((model) => model.ignored.has(member.name.toLowerCase()));
  const isConnected = useOnline();
  const isOnline = isConnected ? member.isOnline : undefined;
  const { tint } = usePerson(member.name);
  const shown = useShownName(member.name);
  const openCard = useContext(CardContext);
  // A status says more than the role, which the heading states.
  const role = member.status === undefined ? member.role : "member";
  const notes = [
    hand === 1 ? texts.handNext : undefined,
    isMe ? texts.you : undefined,
    isIgnored ? texts.ignoredMark : undefined,
  ];
  const marks = useMarks({ ...member, role, status: isIgnored ? undefined : member.status });
  const note = [...marks, ...notes].filter((text) => text !== undefined).join(", ");
  const isMark = member.status === undefined ? "is-mark" : "";
  const noteClass = `room-note person-note ${isMark}`;
  return (
    <li className={isOnline === true ? "person" : "person is-away"}>
      <Avatar name={shown} user={member.name} tint={tint} />
      <span className={isOnline === true ? "dot dot-on" : "dot"}>
        <span className="sr-only">{presenceText(isOnline, texts)}</span>
      </span>
      <span className="person-text">
        <button
          type="button"
          className="author-button room-name"
          dir="auto"
          title={texts.showProfile(shown)}
          onClick={() => openCard(member.name)}
        >
          {shown}
        </button>
        <AccountName user={member.name} />
        {note === "" ? null : <span className={noteClass}>{note}</span>}
      </span>
      {hand === 0 ? null : (
        <span className={hand === 1 ? "hand-order is-next" : "hand-order"}>
          <Icon name="hand" />
          {hand}
        </span>
      )}
      {isMe ? null : (
        <MenuButton
          className="person-button"
          label={texts.actionsFor(shown)}
          items={() => personItems(page, { ...member, room, moderates })}
        />
      )}
    </li>
  );
});

const PEOPLE_LISTED_MAX = 500;
/** A shorter list is read faster than searched. */
const SEARCHED_MEMBERS_MIN = 13;

export interface PeopleProps {
  readonly room: RoomState;
  readonly me: string;
}

export const PeopleList = memo(function PeopleList({ room, me }: PeopleProps) {
  const { texts, chat } = usePage();
  const { members = [], moderates } = room;
  const isConnected = useOnline();
  const [query, setQuery] = useState("");
  const shownNames = useNames();
  const sorted = useMemo(
    () =>
      [...members].sort((a, b) =>
        compareNames(personText(shownNames, a.name), personText(shownNames, b.name)),
      ),
    [members, shownNames],
  );
  const names = sorted.map(({ name }) => name);
  const alike = new Set(displayedLike(shownNames, names, query));
  const found = sorted.filter(
    ({ name }) => foldCase(name).includes(foldCase(query.trim())) || alike.has(name),
  );
  const hands = shownHands(chat.model, room);
  const sections = peopleSections(found, isConnected, texts, PEOPLE_LISTED_MAX, hands);
  const hidden = found.length - PEOPLE_LISTED_MAX;
  return (
    <>
      {members.length < SEARCHED_MEMBERS_MIN ? null : (
        <div className="people-search">
          <input
            type="text"
            aria-label={texts.findPerson}
            placeholder={texts.findPerson}
            autoComplete="off"
            spellCheck="false"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
          />
          {isConnected && members.length > PRESENCE_MEMBERS_MAX ? (
            <p className="list-note">{texts.onlineAtOpening}</p>
          ) : null}
        </div>
      )}
      {sections.map(({ title, count, people }) => (
        <section key={title} className="people-section" aria-label={title}>
          <h2>
            {title} <span className="room-note">{count}</span>
          </h2>
          <ul className="people-list">
            {people.map((member) => (
              <Person
                key={member.name}
                member={member}
                room={room.kind === "room" ? room.name : undefined}
                moderates={moderates}
                isMe={isSameName(member.name, me)}
                hand={
                  title === texts.handsInOrder
                    ? hands.findIndex((hand) => isSameName(hand, member.name)) + 1
                    : 0
                }
              />
            ))}
          </ul>
        </section>
      ))}
      {hidden > 0 ? <p className="list-note people-search">{texts.andMore(hidden)}</p> : null}
      <Announced kind="result" className="list-note people-search">
        {found.length === 0 && query !== "" ? texts.noMatches : ""}
      </Announced>
    </>
  );
}, isSameExceptMessages);

/** Dialogs that join and create rooms, and set a topic. */

import { type ReactNode, useEffect, useState } from "react";
import { foldCase } from "../../../base/case-fold.ts";
import { Fault, ignoreFault } from "../../../base/fault.ts";
import { boxNames, compareNames, foldName, isName, type Name } from "../../../base/names.ts";
import { proposeRoomName } from "../../../base/new-names.ts";
import { parseTime } from "../../../base/parse-time.ts";
import { formatDuration } from "../../../base/sizes.ts";
import { defined } from "../../../base/values.ts";
import { type PutInPlan, putAllIn, putIn, putInPlan } from "../../../client/put-in.ts";
import { setProfile } from "../../../client/room-profile.ts";
import { isSameName } from "../../../core/model/item.ts";
import {
  canSetTitle,
  canSetTopic,
  isBoxOf,
  knownNames,
  roomNotifyLevel,
  roomOf,
} from "../../../core/model/selectors.ts";
import type { Member, Model, RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownFace } from "../../../core/rooms/profiles.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { plainTopic } from "../../../ui/text/event-text.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { otherRuleFacts, serverLimits } from "../../../ui/text/rules-text.ts";
import { placeTitle, roomTitle, targetText, withoutSign } from "../../../ui/text/target-text.ts";
import { timesNow } from "../../../ui/text/times.ts";
import type { RoomFace } from "../../../wire/messages.ts";
import type { ListedRoom } from "../../driver/room-lists.ts";
import { formatRoute } from "../../input/route.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { copy } from "../shell/clipboard.ts";
import {
  type CloseProps,
  FaultLine,
  type PageValue,
  useModelValue,
  useOnline,
  usePage,
  useTask,
} from "../shell/context.tsx";
import { Dialog, type DialogQuestion, FormDialog } from "../shell/dialog.tsx";
import { Check, Field, SelectField } from "../shell/form.tsx";
import { Icon, type IconName } from "../shell/icons.tsx";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import { chalkNumber } from "./chalk.ts";
import { FaceFields, FaceStage, useFaceTexts } from "./face-fields.tsx";
import { Avatar, useNames, useTitle } from "./person.tsx";
import { titleOfEntry, useRoomList } from "./room-list.ts";
import { SealedDialog } from "./sealed.tsx";
import { RoomSign, RoomTile } from "./tile.tsx";

interface OpenProps extends CloseProps {
  readonly onOpen: (target: string) => void;
}

interface JoinProps extends OpenProps {
  readonly room: string;
  readonly isLocked?: boolean;
  readonly isAssignment?: boolean;
  readonly password?: string;
}

export function JoinDialog({
  onClose,
  onOpen,
  room,
  isLocked,
  isAssignment: assignment = false,
  password: initialPassword = "",
}: JoinProps) {
  const { texts, chat, openDialog } = usePage();
  const [password, setPassword] = useState(initialPassword);
  const [needsPassword, setNeedsPassword] = useState(isLocked === true);
  /** A new object for each attempt returns the focus to the field. */
  const [wrong, setWrong] = useState<{ readonly text: string } | undefined>(
    initialPassword === "" ? undefined : { text: texts.passwordWrong },
  );
  useEffect(() => {
    if (wrong !== undefined) document.getElementById("join-password")?.focus();
  }, [wrong]);
  const join = async () => {
    setWrong(undefined);
    try {
      const options = { assignment: assignment || undefined, password: password || undefined };
      onOpen(await chat.actions.join(room, defined(options)));
    } catch (error) {
      const code = error instanceof Fault ? error.code : undefined;
      if (code === "room-unknown") {
        onClose(); // Closes first, so that the next dialog gets the focus.
        return openDialog(CreateRoomDialog, { onOpen, room, isAssignment: assignment });
      }
      if (code !== "room-password-wrong") throw error;
      setNeedsPassword(true);
      setWrong({ text: password === "" ? "" : faultText(error, texts) });
      return false;
    }
  };
  const title = texts.joinRoom(targetText(room));
  return (
    <FormDialog title={title} action={texts.join} onSubmit={join} onClose={onClose}>
      {needsPassword ? (
        <>
          <Announced kind="notice" dir="auto">
            {texts.roomNeedsPassword(targetText(room))}
          </Announced>
          <Field
            id="join-password"
            label={texts.password}
            type="password"
            value={password}
            onChange={setPassword}
            isFirst
            fault={wrong?.text}
          />
        </>
      ) : null}
    </FormDialog>
  );
}

interface CreateRoomProps extends OpenProps {
  readonly room?: string;
  readonly isSealed?: boolean;
  readonly hasHistory?: boolean;
  readonly isAssignment?: boolean;
  readonly password?: string;
}

/** Choices of the field for the people of a new room; others are targets of rooms. */
const ONLY_ME = "";
const CHOOSE_PEOPLE = "?";

/** Named rooms whose people can be put into another room. */
function sourceRooms(model: Model, except?: string): readonly RoomState[] {
  return [...model.rooms.values()]
    .filter(({ kind, people, target }) => {
      const isNamed = kind === "room" && people === undefined && !isBoxOf(target);
      return isNamed && !isSameName(target, except);
    })
    .sort((a, b) => compareNames(a.name, b.name));
}

/** The class of a new assignment: the room that is open, or one that the user moderates. */
function likelyClass(model: Model): string {
  const classes = sourceRooms(model, LOBBY).filter(({ rules }) => rules.post !== "private");
  const open = classes.find(({ target }) => isSameName(target, model.open));
  return (open ?? classes.find(({ moderates }) => moderates))?.target ?? ONLY_ME;
}

function sourceOption(room: RoomState, texts: Texts): readonly [string, string] {
  const { target } = room;
  return [target, target === LOBBY ? texts.everyoneHere : texts.everyoneIn(roomTitle(room))];
}

interface RoomPeopleProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Field for the people who are in a new room from its beginning. */
function RoomPeopleField({ value, onChange }: RoomPeopleProps) {
  const { texts, chat } = usePage();
  const isOperator = useModelValue((model) => model.isOperator);
  const sources = sourceRooms(chat.model);
  const [count, setCount] = useState<number>();
  useEffect(() => {
    let isCurrent = true;
    setCount(undefined);
    if (value !== ONLY_ME && value !== CHOOSE_PEOPLE) {
      const onPeople = ({ length }: readonly unknown[]) => isCurrent && setCount(length);
      // The dialog's button reports the fault.
      chat.actions.peopleOf(value).then(onPeople, ignoreFault);
    }
    return () => {
      isCurrent = false;
    };
  }, [value, chat]);
  const options: readonly (readonly [string, string])[] = [
    [ONLY_ME, texts.onlyMe],
    ...sources.map((room) => sourceOption(room, texts)),
    [CHOOSE_PEOPLE, texts.choosePeople],
  ];
  return (
    <>
      <SelectField
        id="create-people"
        label={texts.people}
        value={value}
        options={options}
        onChange={onChange}
      />
      {value === ONLY_ME || value === CHOOSE_PEOPLE ? null : (
        <p className="hint">
          {count === undefined ? "" : `${texts.peopleCount(count)}. `}
          {isOperator ? texts.peopleAdded : texts.peopleInvited}
        </p>
      )}
    </>
  );
}

/** Asks before the people of another room are put into a room. */
export function putInQuestion(page: PageValue, plan: PutInPlan): DialogQuestion {
  const { chat, texts, notify } = page;
  const { users, present } = plan;
  const adds = chat.model.isOperator;
  return {
    title: texts.askPutIn(users.length, placeTitle(chat.model, plan.target, texts), adds),
    text: present.length === 0 ? texts.peopleAdded : texts.putInPresent(present.length),
    action: adds ? texts.addPeople : texts.sendInvites,
    onConfirm: async () => notify(texts.putIn(await putAllIn(chat, plan))),
  };
}

/** Puts the people of another room into the new one, who were chosen with it. */
async function putPeople(page: PageValue, room: string, from: string): Promise<void> {
  const { chat, texts, notify, fail } = page;
  try {
    notify(texts.putIn(await putAllIn(chat, await putInPlan(chat, room, from))));
  } catch (error) {
    fail(error);
  }
}

export function CreateRoomDialog({ onClose, onOpen, ...initial }: CreateRoomProps) {
  const page = usePage();
  const { texts, chat, openDialog, fail } = page;
  const { rooms } = useRoomList();
  const [name, setName] = useState(initial.room ?? "");
  const [typedShort, setShort] = useState<string>();
  const [topic, setTopic] = useState("");
  const [password, setPassword] = useState(initial.password ?? "");
  const [isSealed, setSealed] = useState(initial.isSealed === true);
  const [hasHistory, setHistory] = useState(initial.hasHistory === true);
  const [isAssignment, setAssignment] = useState(initial.isAssignment === true);
  const [chosenPeople, setPeople] = useState<string>();
  const people = chosenPeople ?? (isAssignment ? likelyClass(chat.model) : ONLY_ME);
  const [face, setFace] = useState<RoomFace>({});
  const [existingRoom, setExistingRoom] = useState<ListedRoom>();
  const faceTexts = useFaceTexts();
  const canSeal = chat.sealRefusal === undefined;
  const title = name.trim().replace(/^#/, "");
  const isShort = title === "" || isName(title);
  const taken = new Set(rooms.map((entry) => foldName(entry.room as Name)));
  const [wanted, proposed] = [proposeRoomName(title), proposeRoomName(title, taken)];
  const create = async () => {
    const room = isShort ? title : (typedShort ?? proposed).trim().replace(/^#/, "");
    const existing = rooms.find(
      (entry) => isSameName(entry.room, room) || (!isShort && isSameName(entry.title, title)),
    );
    setExistingRoom(existing);
    if (existing !== undefined) {
      document.getElementById("create-name")?.focus();
      return false;
    }
    const sealed = isSealed && canSeal;
    // An encrypted room needs no password, and has no topic, because the server could read a topic.
    const isOpen = sealed || password === "";
    const isTopicless = sealed || topic.trim() === "";
    const created = await chat.actions.join(room, {
      create: true,
      sealed,
      history: sealed && hasHistory,
      assignment: isAssignment && !sealed,
      password: isOpen ? undefined : password,
      topic: isTopicless ? undefined : topic.trim(),
      title: sealed || isShort ? undefined : title,
    });
    onOpen(created);
    if (!sealed && Object.keys(defined(face)).length > 0)
      void setProfile(chat, created, face).catch(fail);
    const isChosen = people === CHOOSE_PEOPLE;
    if (!sealed && people !== ONLY_ME && !isChosen) void putPeople(page, created, people);
    const opened = roomOf(chat.model, created);
    if (!sealed && isChosen && opened !== undefined) inviteTo(page, opened);
    return true;
  };
  const joinTaken = (entry: ListedRoom) => {
    onClose();
    if (entry.joined) return onOpen(entry.room);
    openDialog(JoinDialog, { onOpen, room: entry.room, isLocked: entry.locked });
  };
  const post = isAssignment ? "private" : undefined;
  const kind = { kind: "room", isSealed: false, isLocked: password !== "", post } as const;
  const short = isShort ? title : (typedShort ?? proposed);
  const isTiled = !isSealed || !canSeal;
  return (
    <FormDialog
      title={texts.createRoom}
      action={texts.create}
      onSubmit={create}
      onClose={onClose}
      className="dialog-small is-page"
    >
      {isTiled ? (
        <FaceStage
          line={{ ...kind, face }}
          chalk={face.chalk}
          title={title}
          sub={short === "" ? "" : faceTexts.typedAs(short)}
        />
      ) : null}
      {initial.room === undefined ? null : (
        <Announced kind="notice" dir="auto">
          {texts.roomUnknown(targetText(initial.room))}
        </Announced>
      )}
      <Field
        id="create-name"
        label={texts.name}
        value={name}
        onChange={(value) => {
          setName(value);
          setExistingRoom(undefined);
        }}
        isRequired
        isFirst={initial.room === undefined}
        fault={
          existingRoom === undefined ? undefined : (
            <>
              {texts.roomExists(titleOfEntry(existingRoom))}{" "}
              <Button variant="small" onClick={() => joinTaken(existingRoom)}>
                {existingRoom.joined ? texts.openExisting : texts.joinExisting}
              </Button>
            </>
          )
        }
      />
      {isShort ? null : (
        <Field
          id="create-short"
          label={texts.shortName}
          hint={
            typedShort === undefined && proposed !== wanted
              ? texts.shortNameTaken(wanted, proposed)
              : texts.shortNameExplained
          }
          value={typedShort ?? proposed}
          onChange={setShort}
        />
      )}
      {isTiled ? (
        <>
          <FaceFields
            name={title}
            face={face}
            onChange={setFace}
            sign={<RoomSign {...kind} />}
            chalk={undefined}
          />
          <Field id="create-topic" label={texts.topicOptional} value={topic} onChange={setTopic} />
          <Field
            id="create-password"
            label={texts.passwordOptional}
            hint={texts.roomPasswordExplained}
            type="password"
            value={password}
            onChange={setPassword}
          />
          <Check label={texts.makeAssignment} isOn={isAssignment} onChange={setAssignment} />
          <RoomPeopleField value={people} onChange={setPeople} />
        </>
      ) : null}
      {canSeal ? <Check label={texts.makeSealed} isOn={isSealed} onChange={setSealed} /> : null}
      {isSealed && canSeal ? (
        <Check label={texts.makeHistory} isOn={hasHistory} onChange={setHistory} />
      ) : null}
    </FormDialog>
  );
}

export function entryNotes(entry: ListedRoom, texts: Texts): string {
  return [
    ...(entry.title === undefined ? [] : [targetText(entry.room)]),
    ...(entry.locked && !entry.joined ? [] : [texts.members(entry.members)]),
    ...(entry.joined ? [texts.joined] : []),
    ...(entry.locked ? [texts.locked] : []),
    ...(entry.approval === true ? [texts.approvalNeeded] : []),
    ...(entry.sealed ? [texts.sealed] : []),
    ...(entry.topic === "" ? [] : [plainTopic(entry.topic)]),
  ].join(" · ");
}

interface AskProps extends OpenProps {
  readonly entry: ListedRoom;
}

/** Says what a room is before its moderators are asked, and afterwards that they were. */
export function AskDialog({ entry, onOpen, onClose }: AskProps) {
  const { texts, times, chat } = usePage();
  const task = useTask();
  const [askedUnixMs, setAsked] = useState<number>();
  const { room, topic, members, locked: isLocked, sealed: isSealed } = entry;
  const ask = () =>
    task.run(async () => {
      try {
        const name = await chat.actions.join(room);
        onClose();
        onOpen(name);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "approval-needed") throw error;
        setAsked(Date.now());
      }
    });
  const takeBack = () =>
    task.run(async () => {
      await chat.request("knock", { room, on: false });
      setAsked(undefined);
    });
  const line = {
    id: undefined,
    kind: "room" as const,
    name: room,
    face: shownFace(entry.face),
    isLocked,
    isSealed: isSealed === true,
  };
  const isAsked = askedUnixMs !== undefined;
  return (
    <Dialog title={titleOfEntry(entry)} onClose={onClose} className="dialog-small">
      <div className="details-head">
        <RoomTile line={{ ...line, post: undefined }} />
        <p className="hint" dir="auto">
          {plainTopic(topic)}
        </p>
      </div>
      <ul className="details-columns">
        <RoomFact icon="people">{texts.members(members)}</RoomFact>
        {isAsked ? (
          <RoomFact icon="clock">
            <Announced kind="result">{texts.askedAt(times.clock(askedUnixMs))}</Announced>
            <span className="list-note">{texts.askedExplained}</span>
          </RoomFact>
        ) : (
          <RoomFact icon="shield">{texts.approvalExplained}</RoomFact>
        )}
      </ul>
      <FaultLine fault={task.fault} />
      <div className="dialog-actions">
        <Button disabled={task.isBusy} onClick={isAsked ? takeBack : onClose}>
          {isAsked ? texts.takeBack : texts.cancel}
        </Button>
        <Button variant="main" disabled={task.isBusy} onClick={isAsked ? onClose : ask}>
          {isAsked ? texts.close : texts.askToJoin}
        </Button>
      </div>
    </Dialog>
  );
}

/** Heading of the dialog that changes what a room is called and about. */
export function profileText(model: Model, room: RoomState, texts: Texts): string {
  if (room.people !== undefined) return texts.nameGroup;
  return canSetTitle(model, room) ? texts.nameAndTopic : texts.changeTopic;
}

export function ProfileDialog({ room, onClose }: CloseProps & { readonly room: RoomState }) {
  const { texts, chat } = usePage();
  const faceTexts = useFaceTexts();
  const [title, setTitle] = useState(room.title ?? "");
  const [topic, setTopic] = useState(room.topic);
  const [face, setFace] = useState<RoomFace>(shownFace(room.face) ?? {});
  const hasTitle = canSetTitle(chat.model, room);
  const hasTopic = canSetTopic(chat.model, room, Date.now());
  const save = async () => {
    if (title.trim() !== (room.title ?? ""))
      await setProfile(chat, room.name, { title: title.trim() });
    if (topic.trim() !== room.topic) await chat.actions.setTopic(room.name, topic.trim());
    const { mark, chalk } = room.face ?? {};
    if (face.mark !== mark || face.chalk !== chalk)
      await setProfile(chat, room.name, { mark: face.mark ?? "", chalk: face.chalk ?? 0 });
  };
  const name = title.trim() || room.name;
  const kind = { ...room, kind: "room", post: room.rules.post } as const;
  return (
    <FormDialog
      title={profileText(chat.model, room, texts)}
      action={texts.save}
      onSubmit={save}
      onClose={onClose}
      className={hasTitle ? "dialog-small is-page" : "dialog-small"}
    >
      {hasTitle ? (
        <FaceStage
          line={{ ...kind, face }}
          chalk={chalkNumber(room.id, face)}
          title={name}
          sub={faceTexts.typedAs(room.name)}
        />
      ) : null}
      {hasTitle ? (
        <Field
          id="room-title"
          label={texts.displayName}
          value={title}
          onChange={setTitle}
          isFirst
        />
      ) : null}
      {hasTopic ? (
        <Field
          id="topic"
          label={room.people === undefined ? texts.topic : texts.groupName}
          value={topic}
          onChange={setTopic}
          isFirst={!hasTitle}
        />
      ) : null}
      {hasTitle ? (
        <FaceFields
          name={name}
          face={face}
          onChange={setFace}
          sign={<RoomSign {...kind} />}
          chalk={chalkNumber(room.id)}
        />
      ) : null}
    </FormDialog>
  );
}

export function DateDialog({ target, onClose }: CloseProps & { readonly target: string }) {
  const { texts, chat } = usePage();
  const [date, setDate] = useState("");
  const go = async () => {
    const unixMs = date === "" ? 0 : parseTime(date, timesNow());
    return await chat.actions.jumpToTime(target, unixMs, (_, seq) => {
      location.hash = formatRoute({ target, seq });
    });
  };
  return (
    <FormDialog title={texts.goToDate} action={texts.go} onSubmit={go} onClose={onClose}>
      <Field
        id="date"
        type="date"
        label={texts.date}
        hint={texts.dateHint}
        value={date}
        onChange={setDate}
        isFirst
      />
    </FormDialog>
  );
}

export function accessText(model: Model, room: RoomState, texts: Texts): string {
  const { isSealed, isLocked, rules, people } = room;
  const owner = boxNames(room.target)?.user;
  if (owner !== undefined) {
    const isOwn = isSameName(owner, model.me);
    return isOwn ? texts.boxAccess : texts.boxAccessOf(personText(model, owner));
  }
  if (people !== undefined) return texts.groupAccess;
  if (isSealed) return `${texts.makeSealed}.`;
  const open = isLocked ? texts.lockedExplained : texts.anyoneJoins;
  const join = rules.join === "approval" ? texts.approvalExplained : open;
  return rules.post === "private" ? `${join} ${texts.assignmentAccess}` : join;
}

const FACES_SHOWN = 8;

interface RoomFactProps {
  readonly icon: IconName;
  readonly children: ReactNode;
}

function RoomFact({ icon, children }: RoomFactProps) {
  return (
    <li className="room-fact">
      <Icon name={icon} />
      <div dir="auto">{children}</div>
    </li>
  );
}

/** Rules of the room in sentences, and how long messages are kept. */
function RoomFacts({ room }: { readonly room: RoomState }) {
  const { texts, chat } = usePage();
  const server = useModelValue(({ notices }) => notices.rules) ?? {};
  const { rules, keepMs, isSealed, isClosed, people } = room;
  const isBox = boxNames(room.target) !== undefined;
  const kept = keepMs === undefined ? undefined : texts.span(formatDuration(keepMs));
  return (
    <ul>
      <RoomFact icon="message">
        {isClosed ? texts.roomClosed : texts.factPost(rules.post ?? "everyone")}
      </RoomFact>
      {isSealed || isBox || people !== undefined ? null : (
        <RoomFact icon="edit">{texts.factTopic(rules.topic ?? "everyone")}</RoomFact>
      )}
      <RoomFact icon={isSealed ? "lock" : "globe"}>{accessText(chat.model, room, texts)}</RoomFact>
      {rules.newcomers === true ? <RoomFact icon="invite">{texts.factNewcomers}</RoomFact> : null}
      <RoomFact icon="clock">
        {kept === undefined ? texts.factKeptAlways : texts.factKept(kept)}
      </RoomFact>
      {[...otherRuleFacts(rules, texts), ...serverLimits(server, texts)].map(([name, value]) => (
        <RoomFact key={name} icon="list">
          {name}: {value}
        </RoomFact>
      ))}
    </ul>
  );
}

/** Its moderators, and the faces of those who are here. */
function RoomPeople({ members }: { readonly members: readonly Member[] }) {
  const { texts, times } = usePage();
  const names = useNames();
  const isOnline = useOnline();
  const leads = members.filter(({ role }) => role !== "member");
  const here = isOnline ? members.filter((member) => member.isOnline) : [];
  return (
    <section>
      <h3>
        {texts.people} <span className="room-note">{members.length}</span>
      </h3>
      <ul>
        {leads.length === 0 ? null : (
          <RoomFact icon="shield">
            {texts.leads}
            <span className="list-note">
              {times.list(leads.map(({ name }) => personText(names, name)))}
            </span>
          </RoomFact>
        )}
        <RoomFact icon="people">
          {texts.peopleHere(members.length, isOnline ? here.length : undefined)}
          <span className="faces">
            {here.slice(0, FACES_SHOWN).map(({ name }) => (
              <Avatar key={name} name={personText(names, name)} user={name} tint={tintOf(name)} />
            ))}
            {here.length > FACES_SHOWN ? (
              <span className="room-note">+{here.length - FACES_SHOWN}</span>
            ) : null}
          </span>
        </RoomFact>
      </ul>
    </section>
  );
}

/** The user's own choices for the room. */
function RoomChoices({ room }: { readonly room: RoomState }) {
  const { texts, chat } = usePage();
  const { target } = room;
  const prefs = useModelValue((model) => model.prefs?.get(room.id));
  const hasPrefs = useModelValue((model) => model.prefs !== undefined);
  if (!hasPrefs) return null;
  const isFavourite = prefs?.favourite === true;
  const levels = ["all", "mentions", "nothing"] as const;
  return (
    <section className="room-choices">
      <h3>{texts.forYou}</h3>
      <SelectField
        id="details-notify"
        label={texts.notifications}
        value={roomNotifyLevel(chat.model, room)}
        options={levels.map((level) => [level, texts.notifyLevel(level)] as const)}
        onChange={(level) => chat.actions.setNotifyLevel(target, level)}
      />
      <Check
        label={texts.favouriteRoom}
        isOn={isFavourite}
        onChange={(isOn) => chat.actions.setPrefs(target, { favourite: isOn || undefined })}
      />
    </section>
  );
}

export function RoomDetailsDialog({ target, onClose }: CloseProps & { readonly target: string }) {
  const page = usePage();
  const { texts, chat, openDialog } = page;
  const room = useModelValue((model) => roomOf(model, target));
  const title = useTitle(target);
  if (room === undefined) return null;
  const { topic, members } = room;
  const canEdit = canSetTitle(chat.model, room) || canSetTopic(chat.model, room, Date.now());
  const edit = () => {
    onClose();
    openDialog(ProfileDialog, { room });
  };
  const isBox = boxNames(target) !== undefined;
  const kind = room.people === undefined ? room.kind : "group";
  const copyLink = () =>
    copy(page, new URL(formatRoute({ target, seq: undefined }), location.href).href);
  const invite = () => {
    onClose();
    inviteTo(page, room);
  };
  return (
    <Dialog title={texts.roomDetails} onClose={onClose}>
      <div className="details-head">
        <RoomTile line={{ ...room, kind, post: room.rules.post }} />
        <div>
          <strong dir="auto">{withoutSign(target, title)}</strong>
          {room.title === undefined ? null : (
            <p className="hint" dir="ltr">
              {targetText(target)}
            </p>
          )}
          <p className="hint" dir="auto">
            {plainTopic(topic)}
          </p>
        </div>
        {isBox || room.isClosed ? null : (
          <Button onClick={invite}>
            {room.people === undefined ? texts.invite : texts.addPeople}
          </Button>
        )}
      </div>
      <div className="details-columns">
        <section>
          <h3>{texts.whatHolds}</h3>
          <RoomFacts room={room} />
        </section>
        {members === undefined ? null : <RoomPeople members={members} />}
      </div>
      <RoomChoices room={room} />
      <div className="dialog-actions dialog-foot">
        <Button onClick={copyLink}>{texts.copyLink}</Button>
        {canEdit ? (
          <Button onClick={edit}>{`${profileText(chat.model, room, texts)}…`}</Button>
        ) : null}
      </div>
    </Dialog>
  );
}

const INVITEES_LISTED_MAX = 100;

/** Invites accounts of this server. The lobby has all of them, so it invites new people. */
export function inviteTo({ openDialog }: PageValue, room: RoomState): void {
  if (room.target === LOBBY) openDialog(InviteDialog);
  else if (room.isSealed) openDialog(SealedDialog, { target: room.target });
  else openDialog(RoomInviteDialog, { room });
}

function RoomInviteDialog({ room, onClose }: CloseProps & { readonly room: RoomState }) {
  const { texts, chat, notify, openDialog } = usePage();
  const isGroup = room.people !== undefined;
  const isOperator = useModelValue((model) => model.isOperator);
  const [isAdding, setAdding] = useState(isOperator && room.rules.post === "private");
  const adds = isAdding && !isGroup;
  const isMember = (user: string) =>
    room.members?.some((member) => isSameName(member.name, user)) === true;
  const invite: PeopleProps["onChosen"] = async (users, onDone, omitted) => {
    const counts = await putIn(chat, room.name, users, { adds, onDone });
    if (isGroup) notify(texts.addedCount(counts.invited));
    else notify(texts.putIn({ ...counts, present: counts.present + omitted }));
  };
  const inviteOthers = () => {
    onClose();
    openDialog(InviteDialog);
  };
  return (
    <PeopleDialog
      title={isGroup ? texts.addPeople : texts.inviteToRoom(roomTitle(room))}
      action={isGroup || adds ? texts.addPeople : texts.sendInvites}
      sources={isGroup ? [] : sourceRooms(chat.model, room.target)}
      isOmitted={isMember}
      onChosen={invite}
      onClose={onClose}
    >
      {isOperator && !isGroup ? (
        <Check label={texts.addUnasked} isOn={isAdding} onChange={setAdding} />
      ) : null}
      {isGroup ? null : (
        <Button variant="quiet" onClick={inviteOthers}>
          {texts.inviteOthers}
        </Button>
      )}
    </PeopleDialog>
  );
}

/** Begins a conversation with several people. */
export function GroupDialog({ onOpen, onClose }: CloseProps & OpenProps) {
  const { texts, chat } = usePage();
  const start = async (users: readonly string[]) => onOpen(await chat.actions.startGroup(users));
  return (
    <PeopleDialog
      title={texts.newGroup}
      action={texts.startGroup}
      isOmitted={(user) => isSameName(user, chat.model.me)}
      onChosen={start}
      onClose={onClose}
    >
      <p className="hint">{texts.groupAccess}</p>
    </PeopleDialog>
  );
}

interface PeopleProps extends CloseProps {
  readonly title: string;
  readonly action: string;
  /** Rooms whose people can be chosen together. */
  readonly sources?: readonly RoomState[];
  readonly isOmitted: (user: string) => boolean;
  /** `onDone` unchecks a user, so that a second attempt after a fault omits them. */
  readonly onChosen: (
    users: readonly string[],
    onDone: (user: string) => void,
    /** Number of people of the chosen room who are omitted. */
    omitted: number,
  ) => Promise<void>;
  readonly children: ReactNode;
}

/** Chooses several people from those whom the page knows, or by name. */
function PeopleDialog(props: PeopleProps) {
  const { title, action, sources = [], isOmitted, onChosen, onClose, children } = props;
  const { texts, chat } = usePage();
  const [source, setSource] = useState(ONLY_ME);
  const task = useTask();
  const [typed, setTyped] = useState("");
  const [omitted, setOmitted] = useState(0);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const names = useNames();
  const name = typed.trim().replace(/^@/, "");
  const known = knownNames(chat.model).filter((user) => !isOmitted(user));
  const isFound = (text: string) => foldCase(text).includes(foldCase(name));
  const found = known.filter((user) => isFound(user) || isFound(personText(names, user)));
  const listed = [...chosen, ...found.filter((user) => !chosen.has(user))];
  const choose = (user: string, isOn: boolean) =>
    setChosen(new Set(isOn ? [...chosen, user] : [...chosen].filter((entry) => entry !== user)));
  const chooseAll = (target: string) => {
    setSource(target);
    setOmitted(0);
    if (target === ONLY_ME) return;
    task.run(async () => {
      const people = await chat.actions.peopleOf(target);
      const all = people.map(({ user }) => user);
      const users = all.filter((user) => !isOmitted(user));
      setOmitted(all.length - users.length);
      setChosen((before) => new Set([...before, ...users]));
    });
  };
  const button = chosen.size > 1 ? `${action} (${chosen.size})` : action;
  const submit = async () => {
    const others = isName(name) && found.length === 0 ? [name] : [];
    const users = [...chosen, ...others];
    if (users.length === 0) return false;
    const onDone = (user: string) =>
      setChosen((before) => new Set([...before].filter((entry) => entry !== user)));
    await onChosen(users, onDone, omitted);
    return true;
  };
  return (
    <FormDialog title={title} action={button} onSubmit={submit} onClose={onClose}>
      <Field id="invite-name" label={texts.name} value={typed} onChange={setTyped} isFirst />
      {sources.length === 0 ? null : (
        <SelectField
          id="invite-source"
          label={texts.chooseAll}
          value={source}
          options={[[ONLY_ME, "–"], ...sources.map((room) => sourceOption(room, texts))]}
          onChange={chooseAll}
        />
      )}
      {omitted === 0 ? null : <p className="hint">{texts.putInPresent(omitted)}</p>}
      <FaultLine fault={task.fault} />
      <div className="invitees">
        {listed.slice(0, INVITEES_LISTED_MAX).map((user) => (
          <Check
            key={user}
            label={personText(names, user)}
            isOn={chosen.has(user)}
            onChange={(isOn) => choose(user, isOn)}
          />
        ))}
      </div>
      {listed.length > INVITEES_LISTED_MAX ? (
        <p className="hint">{texts.andMore(listed.length - INVITEES_LISTED_MAX)}</p>
      ) : null}
      {children}
    </FormDialog>
  );
}

/** The beginning of a room or conversation: its purpose, and the first actions. */

import type { ComponentProps, ReactNode } from "react";
import { cleanText } from "../../../base/text.ts";
import {
  canSetTopic,
  isBoxOf,
  isOnline,
  openRoom,
  postRule,
  writeLimitIn,
} from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import { firstName } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { attempt } from "../../input/attempt.ts";
import { useFind } from "../finder/store.ts";
import { Button } from "../shell/button.tsx";
import { useModelValue, usePage } from "../shell/context.tsx";
import { confirmSeal } from "../shell/dialog.tsx";
import { Icon } from "../shell/icons.tsx";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import { SettingsDialog, type SettingsPart } from "../shell/settings-dialog.tsx";
import { chalkOf } from "./chalk.ts";
import { useFaceTexts } from "./face-fields.tsx";
import { FirstMinute, useIsFirstMinute } from "./first-minute.tsx";
import { FirstStep } from "./first-step.tsx";
import { GreetingButtons, PeopleHere, RoomsToJoin } from "./first-visit.tsx";
import { Avatar, useNames, usePerson, usePicture, useShownName, useTitle } from "./person.tsx";
import { RichLine } from "./rich-text.tsx";
import { accessText, inviteTo, ProfileDialog } from "./room-dialogs.tsx";
import { RoomMark } from "./tile.tsx";

/** `n` of a creator's join, which follows the record of the room. */
const FIRST_JOIN_N = 2;

export function Beginning({ target }: { readonly target: string }) {
  const room = useModelValue(openRoom);
  if (target.startsWith("@")) return <PersonBeginning name={target.slice(1)} room={room} />;
  if (target === LOBBY) return <Welcome />;
  return room === undefined ? null : <RoomBeginning room={room} />;
}

interface LayoutProps {
  readonly sign: ReactNode;
  /** Room whose chalk the sign has. */
  readonly room?: Pick<RoomState, "id" | "face">;
  readonly title: string;
  readonly buttons: ReactNode;
  readonly steps?: ReactNode;
  /** Loads later, and moves nothing there. */
  readonly end?: ReactNode;
  readonly children: ReactNode;
}

function Layout({ sign, room, title, buttons, steps, end, children }: LayoutProps) {
  return (
    <div className="row beginning">
      <span
        className={room === undefined ? "beginning-sign" : "beginning-sign tile"}
        style={room === undefined ? undefined : chalkOf(room.id, room.face)}
        aria-hidden="true"
      >
        {sign}
      </span>
      <h2 dir="auto">{title}</h2>
      {children}
      {steps}
      <div className="beginning-buttons">{buttons}</div>
      {end}
    </div>
  );
}

function RoomBeginning({ room }: { readonly room: RoomState }) {
  const page = usePage();
  const { texts, times, openDialog, chat } = page;
  const { topic, isClosed } = room;
  const name = useTitle(room.target);
  const names = useNames();
  const isGroup = room.people !== undefined;
  const isBox = isBoxOf(room.target);
  const [first] = (room.jump ?? room.tail).items;
  const creator = first?.kind === "join" && first.n === FIRST_JOIN_N ? first : undefined;
  return (
    <Layout
      sign={<RoomMark {...room} kind={isGroup ? "group" : room.kind} post={postRule(room)} />}
      room={room}
      title={
        isBox ? name : isGroup && topic === "" ? texts.beginningWith(name) : texts.beginningOf(name)
      }
      buttons={
        isClosed || isBox ? null : (
          <>
            <Button onClick={() => inviteTo(page, room)}>
              <Icon name="invite" /> {isGroup ? texts.addPeople : texts.inviteToRoom(name)}
            </Button>
            {topic !== "" || !canSetTopic(chat.model, room, Date.now()) ? null : (
              <Button onClick={() => openDialog(ProfileDialog, { room })}>
                <Icon name="edit" /> {isGroup ? texts.nameGroup : texts.addTopic}
              </Button>
            )}
          </>
        )
      }
    >
      {topic === "" || isGroup ? null : <RichLine text={topic} />}
      {creator?.from === undefined ? null : (
        <p className="hint" dir="auto">
          {texts.createdOn(personText(names, creator.from), times.date(creator.timeUnixMs))}
        </p>
      )}
      <p className="hint">{accessText(chat.model, room, texts)}</p>
    </Layout>
  );
}

interface PersonProps {
  readonly name: string;
  readonly room: RoomState | undefined;
}

function PersonBeginning({ name: user, room }: PersonProps) {
  const page = usePage();
  const { texts, chat } = page;
  const name = useShownName(user);
  const { tint } = usePerson(user);
  const isHere = useModelValue((model) => isOnline(model, user));
  const isLimited = useModelValue((model) => writeLimitIn(model, `@${user}`) !== undefined);
  const canSeal = room?.isSealed !== true && chat.sealRefusal === undefined && !isLimited;
  return (
    <Layout
      sign={<Avatar name={name} user={user} tint={tint} />}
      title={texts.beginningWith(name)}
      buttons={
        canSeal ? (
          <Button onClick={() => confirmSeal(page, `@${user}`)}>
            <Icon name="lock" /> {texts.sealConversation}
          </Button>
        ) : null
      }
    >
      <p className="hint" dir="auto">
        {isHere ? texts.userOnline(name) : texts.arrivesLater(name)}
      </p>
    </Layout>
  );
}

interface SettingStepProps extends Omit<ComponentProps<typeof FirstStep>, "children"> {
  readonly action: string;
  readonly part: SettingsPart;
}

function SettingStep({ action, part, ...step }: SettingStepProps) {
  const { openDialog } = usePage();
  return (
    <FirstStep {...step}>
      <Button onClick={() => openDialog(SettingsDialog, { part })}>{action}</Button>
    </FirstStep>
  );
}

/** Settings that a newcomer has not made yet. */
function FirstSteps() {
  const { texts } = usePage();
  const me = useModelValue((model) => model.me ?? "");
  const name = useShownName(me);
  const hasPicture = usePicture(me) !== undefined;
  const isAsked = attempt(() => Notification.permission) !== "default";
  if (hasPicture && isAsked) return null;
  return (
    <ul className="first-steps">
      {hasPicture ? null : (
        <SettingStep
          sign={<Avatar name={name} user={me} tint={tintOf(me)} />}
          title={texts.setPicture}
          about={texts.setPictureHint}
          action={texts.choose}
          part="account"
        />
      )}
      {isAsked ? null : (
        <SettingStep
          sign={<Icon name="bell" />}
          title={texts.turnOnNotifications}
          about={texts.turnOnNotificationsHint}
          action={texts.turnOn}
          part="notifications"
        />
      )}
    </ul>
  );
}

/** Shown until the user joins another room or writes to someone. */
export function NewcomerWelcome() {
  return useModelValue(({ rooms }) => rooms.size === 1) ? <Welcome /> : null;
}

function Welcome() {
  const { texts, openDialog } = usePage();
  const find = useFind();
  const server = useModelValue((model) => model.server?.name ?? "");
  const isFirstMinute = useIsFirstMinute();
  const own = useFaceTexts();
  const name = useShownName(useModelValue((model) => model.me ?? ""));
  return (
    <Layout
      sign="👋"
      steps={isFirstMinute ? <FirstMinute /> : <FirstSteps />}
      end={isFirstMinute ? null : <RoomsToJoin />}
      title={isFirstMinute ? texts.welcomeTo(cleanText(server)) : own.welcome(firstName(name))}
      buttons={
        <>
          {isFirstMinute ? null : <GreetingButtons />}
          <Button onClick={() => find({ group: "rooms" })}>
            <Icon name="list" /> {texts.seeRooms}
          </Button>
          <Button onClick={() => find({ group: "people" })}>
            <Icon name="edit" /> {texts.writeToSomeone}
          </Button>
          <Button onClick={() => openDialog(InviteDialog)}>
            <Icon name="invite" /> {texts.inviteMore}
          </Button>
        </>
      }
    >
      <p className="hint">
        {isFirstMinute ? null : `${cleanText(server)}. `}
        {texts.welcomeExplained}
      </p>
      {isFirstMinute ? null : <PeopleHere />}
    </Layout>
  );
}

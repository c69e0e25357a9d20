/** Sealed rooms: state, members, devices, safety numbers and invitations. */

import { useEffect, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import type { RoomSealStatus, SealedMember } from "../../../client/sealed/room.ts";
import { isSameName } from "../../../core/model/item.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import type { DeviceInfo } from "../../driver/devices.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import {
  type CloseProps,
  FaultLine,
  type PageValue,
  useModelValue,
  useOnline,
  usePage,
  useTask,
} from "../shell/context.tsx";
import { confirm, Dialog } from "../shell/dialog.tsx";
import { whenSettled } from "../shell/effects.ts";
import { Field } from "../shell/form.tsx";
import { IconButton } from "../shell/icons.tsx";
import { LazyModule, useModule } from "../shell/lazy.ts";
import { useShownName } from "./person.tsx";

const wayBack = new LazyModule(() => import("./way-back.tsx"));

function useSealing(room: RoomState | undefined, changes = 0): RoomSealStatus | undefined {
  const { chat } = usePage();
  const isOnline = useOnline();
  const [sealing, setSealing] = useState<RoomSealStatus | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: updated after each record
  useEffect(() => {
    if (room?.isSealed !== true || chat.sealRefusal !== undefined) return setSealing(undefined);
    // Displays nothing while offline or if the module cannot be loaded. Sending reports the error.
    return whenSettled(
      chat.sealedRooms().then((rooms) => rooms.get(room).status()),
      setSealing,
    );
  }, [chat, room?.id, room?.isSealed, room?.receivedN, isOnline, changes]);
  return sealing;
}

interface SealedNoticeProps {
  readonly target: string;
  /** Called if this device can never read the room. */
  readonly onUnreadable?: (() => void) | undefined;
}

export function SealedNotice({ target, onUnreadable }: SealedNoticeProps) {
  const page = usePage();
  const { chat, texts } = page;
  const room = useModelValue((model) => roomOf(model, target));
  const [changes, setChanges] = useState(0);
  const sealing = useSealing(room, changes);
  const { sealRefusal } = chat;
  const acceptSuspect = () =>
    confirm(page, {
      title: texts.continueAnyway,
      text: texts.continueAnywayAsk,
      action: texts.continueAnyway,
      isDanger: true,
      onConfirm: async () => {
        if (room !== undefined) await (await chat.sealedRooms()).get(room).acceptState();
        setChanges((n) => n + 1);
      },
    });
  const isRefused = sealRefusal !== undefined;
  useEffect(() => {
    if (isRefused) onUnreadable?.();
  }, [isRefused, onUnreadable]);
  if (isRefused) {
    return <p className="hint sealed-line">{faultText(sealRefusal, texts)}</p>;
  }
  switch (sealing?.status) {
    case "waiting":
      return <WaitingNotice onUnreadable={onUnreadable} />;
    case "out":
      return <p className="hint sealed-line">{texts.sealedRemoved}</p>;
    case "lost":
      return <p className="hint sealed-line">{texts.sealedLost}</p>;
    case "suspect":
      return (
        <p className="sealed-line sealed-suspect" dir="auto">
          <Announced kind="fault" as="span">
            {texts.sealedSuspect(cleanText(sealing.reason ?? "?"))}
          </Announced>{" "}
          <Button variant="small" onClick={acceptSuspect}>
            {texts.continueAnyway}
          </Button>
        </p>
      );
    default:
      return null;
  }
}

/** Shown until a member adds this device. A device without the account key is never added. */
function WaitingNotice({ onUnreadable }: Pick<SealedNoticeProps, "onUnreadable">) {
  const { chat, texts } = usePage();
  /** Devices of the account if this one lacks the account key. */
  const [devices, setDevices] = useState<readonly DeviceInfo[] | undefined>(undefined);
  const { WayBack } = useModule(wayBack, devices !== undefined) ?? {};
  useEffect(
    () =>
      whenSettled(chat.request("devices", {}), (answer) => {
        if (answer.devices.some((device) => device.current && device.certified)) return;
        setDevices(answer.devices);
        onUnreadable?.();
      }),
    [chat, onUnreadable],
  );
  if (devices === undefined) return <p className="hint sealed-line">{texts.sealedWaiting}</p>;
  return WayBack && <WayBack devices={devices} />;
}

function devicesText({ devices }: SealedMember, { texts }: PageValue): string {
  const browsers = devices.filter(({ kind }) => kind === "web").length;
  const programs = devices.length - browsers;
  const kinds = [
    ...(programs > 0 ? [texts.programs(programs)] : []),
    ...(browsers > 0 ? [texts.browsers(browsers)] : []),
  ];
  return kinds.join(", ");
}

function isInvited({ members = [] }: RoomState, user: string): boolean {
  return members.some((member) => member.isInvited === true && isSameName(member.name, user));
}

interface MemberProps {
  readonly member: SealedMember;
  readonly room: RoomState;
  readonly canRemove: boolean;
  readonly onChange: () => void;
}

function MemberLine({ member, room, canRemove, onChange }: MemberProps) {
  const page = usePage();
  const { chat, texts, openDialog } = page;
  const { user, isVerified, isAdmin } = member;
  const name = useShownName(user);
  const isMe = isSameName(user, chat.model.me);
  const notes = [
    devicesText(member, page),
    ...(isMe ? [texts.you] : [isVerified ? texts.verified : texts.notVerified]),
    ...(isAdmin && room.kind === "room" ? [texts.admin] : []),
    ...(isInvited(room, user) ? [texts.invitedMark] : []),
  ];
  const remove = () =>
    confirm(page, {
      title: texts.removeFrom(name),
      text: texts.removeExplained,
      action: texts.kick,
      isDanger: true,
      onConfirm: async () => {
        await chat.actions.kick(room.target, user);
        onChange();
      },
    });
  return (
    <li className="device">
      <span>
        <bdi>{name}</bdi> <span className="list-note">{notes.join(" · ")}</span>
      </span>
      {isMe ? null : (
        <span className="sealed-buttons">
          <Button
            variant="small"
            aria-label={texts.verifyUser(name)}
            onClick={() => openDialog(SafetyDialog, { user, onChange })}
          >
            {texts.verify}
          </Button>
          {canRemove ? (
            <IconButton icon="close" label={texts.removeFrom(name)} onPress={remove} />
          ) : null}
        </span>
      )}
    </li>
  );
}

function AddMember({ room, onChange }: Pick<MemberProps, "room" | "onChange">) {
  const { chat, texts } = usePage();
  const task = useTask();
  const [user, setUser] = useState("");
  const [missing, setMissing] = useState(0);
  const submit = task.onSubmit(async () => {
    const rooms = await chat.sealedRooms();
    const outcome = await rooms.get(room).changes.invite(user.trim().replace(/^@/, ""));
    setMissing(outcome.missing);
    setUser("");
    onChange();
  });
  return (
    <form onSubmit={submit}>
      <Field id="let-in" label={texts.memberName} value={user} onChange={setUser} isRequired />
      <FaultLine fault={task.fault} />
      {missing > 0 ? <Announced kind="result">{texts.devicesPending(missing)}</Announced> : null}
      <div className="dialog-actions">
        <Button type="submit" variant="main" disabled={task.isBusy}>
          {texts.addMember}
        </Button>
      </div>
    </form>
  );
}

export function SealedDialog({ target, onClose }: CloseProps & { readonly target: string }) {
  const { chat, texts } = usePage();
  const room = useModelValue((model) => roomOf(model, target));
  const [changes, setChanges] = useState(0);
  const sealing = useSealing(room, changes);
  const { sealRefusal } = chat;
  const me = chat.model.me;
  const members = sealing?.members ?? [];
  const isAdmin = members.some(({ user, isAdmin: hasRole }) => hasRole && isSameName(user, me));
  const isMember = sealing?.status === "in";
  const onChange = () => setChanges((n) => n + 1);
  return (
    <Dialog title={texts.membersAndEncryption} onClose={onClose}>
      {room?.isSealed === true ? (
        <>
          {sealRefusal === undefined ? null : <p>{faultText(sealRefusal, texts)}</p>}
          <SealedNotice target={target} />
          <ul className="plain-list">
            {members.map((member) => (
              <MemberLine
                key={member.user}
                member={member}
                room={room}
                canRemove={isMember && isAdmin && room.kind === "room"}
                onChange={onChange}
              />
            ))}
          </ul>
          {isMember && isAdmin && room.kind === "room" ? (
            <AddMember room={room} onChange={onChange} />
          ) : null}
          {(sealing?.remarks ?? []).map((remark) => (
            <p key={remark} className="hint" dir="auto">
              {cleanText(remark)}
            </p>
          ))}
          <p className="hint">
            {sealing?.history === true ? texts.sealedHistory : texts.sealedExplained}
          </p>
        </>
      ) : (
        <p>{texts.sealedNot}</p>
      )}
    </Dialog>
  );
}

interface SafetyProps extends CloseProps {
  readonly user: string;
  readonly onChange?: () => void;
}

export function SafetyDialog({ user, onClose, onChange }: SafetyProps) {
  const page = usePage();
  const { chat, texts } = page;
  const task = useTask();
  const name = useShownName(user);
  const [number, setNumber] = useState({ digits: "", isVerified: false });
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => {
    task.run(async () => setNumber(await (await chat.sealedRooms()).safetyNumber(user)));
  }, []);
  const { digits, isVerified } = number;
  const confirmDigits = () =>
    task.run(async () => {
      await (await chat.sealedRooms()).confirmDigits(user, digits);
      onChange?.();
      onClose();
    });
  const accept = () =>
    confirm(page, {
      title: texts.safetyNew(name),
      text: texts.safetyNewExplained(name),
      action: texts.safetyNew(name),
      isDanger: true,
      onConfirm: async () => {
        await chat.acceptKey(user);
        onChange?.();
        onClose();
      },
    });
  return (
    <Dialog title={texts.safetyTitle(name)} onClose={onClose}>
      <p dir="auto">{isVerified ? texts.safetyIs(name) : texts.safetyExplained(name)}</p>
      <p className="safety-digits">
        {digits === ""
          ? null
          : digits.split(" ").map((group, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: groups never move
              <span key={at}>{group}</span>
            ))}
      </p>
      <FaultLine fault={task.fault} />
      <div className="dialog-actions">
        <Button onClick={accept}>{texts.safetyNew(name)}</Button>
        {isVerified ? null : (
          <Button variant="main" disabled={task.isBusy || digits === ""} onClick={confirmDigits}>
            {texts.safetySame}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

/** Sealed rooms: state, members, devices, safety numbers and invitations. */

import { type FormEvent, useEffect, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import type { RoomSealStatus, SealedMember } from "../../../client/sealed/rooms.ts";
import { isSameName } from "../../../core/model/item.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { Button } from "../shell/button.tsx";
import { FaultLine, useFact, useOnline, useWork } from "../shell/context.tsx";
import { confirm, Dialog } from "../shell/dialog.tsx";
import { whenSettled } from "../shell/effects.ts";
import { Field } from "../shell/form.tsx";
import { type PartPage, usePartPage } from "../shell/full-page.ts";
import { IconButton } from "../shell/icons.tsx";
import type { LazyProps } from "../shell/lazy.tsx";

/** State of this device in a sealed room as of its last record; `undefined` until known. */
function useSealing(room: RoomState | undefined, changes = 0): RoomSealStatus | undefined {
  const { chat } = usePartPage();
  const isOnline = useOnline();
  const [sealing, setSealing] = useState<RoomSealStatus | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at anew after each record
  useEffect(() => {
    if (room?.isSealed !== true || chat.sealRefusal !== undefined) return setSealing(undefined);
    // Nothing is shown offline or without the code; sending reports the error.
    return whenSettled(
      chat.sealedRooms().then((rooms) => rooms.sealStatus(room)),
      setSealing,
    );
  }, [chat, room?.id, room?.isSealed, room?.receivedN, isOnline, changes]);
  return sealing;
}

/** Notice above the composer if this device cannot read or post. */
export function SealedLine({ target }: LazyProps["SealedLine"]) {
  const page = usePartPage();
  const { chat, texts } = page;
  const room = useFact((model) => roomOf(model, target));
  const [changes, setChanges] = useState(0);
  const sealing = useSealing(room, changes);
  const { sealRefusal } = chat;
  const goOn = () =>
    confirm(page, {
      title: texts.sealedGoOn,
      text: texts.sealedGoOnAsk,
      action: texts.sealedGoOn,
      isDanger: true,
      onConfirm: async () => {
        if (room !== undefined) await (await chat.sealedRooms()).acceptState(room);
        setChanges((n) => n + 1);
      },
    });
  if (sealRefusal !== undefined) {
    return <p className="hint sealed-line">{faultText(sealRefusal, texts)}</p>;
  }
  switch (sealing?.status) {
    case "waiting":
      return <Waiting />;
    case "out":
      return <p className="hint sealed-line">{texts.sealedOut}</p>;
    case "lost":
      return <p className="hint sealed-line">{texts.sealedLost}</p>;
    case "suspect":
      return (
        <p className="sealed-line sealed-suspect" role="alert" dir="auto">
          {texts.sealedSuspect(cleanText(sealing.reason ?? "?"))}{" "}
          <Button look="small" onClick={goOn}>
            {texts.sealedGoOn}
          </Button>
        </p>
      );
    default:
      return null;
  }
}

/** Notice while waiting to be added; a device without the account's key never is. */
function Waiting() {
  const { chat, texts } = usePartPage();
  const [isCertified, setCertified] = useState(true);
  // Nothing is shown offline.
  useEffect(
    () =>
      whenSettled(chat.request("devices", {}), ({ devices }) =>
        setCertified(devices.some((one) => one.current && one.certified)),
      ),
    [chat],
  );
  return (
    <p className="hint sealed-line">{isCertified ? texts.sealedWaiting : texts.sealedNoKey}</p>
  );
}

function devicesText({ devices }: SealedMember, { texts }: PartPage): string {
  const browsers = devices.filter(({ kind }) => kind === "web").length;
  const programs = devices.length - browsers;
  const kinds = [
    ...(programs > 0 ? [texts.programs(programs)] : []),
    ...(browsers > 0 ? [texts.browsers(browsers)] : []),
  ];
  return kinds.join(", ");
}

interface MemberProps {
  readonly member: SealedMember;
  readonly room: RoomState;
  readonly mayPutOut: boolean;
  readonly onChange: () => void;
}

function MemberLine({ member, room, mayPutOut, onChange }: MemberProps) {
  const page = usePartPage();
  const { chat, texts, openDialog } = page;
  const { user, isVerified, isAdmin } = member;
  const name = cleanText(user);
  const isMe = isSameName(user, chat.model.me);
  const notes = [
    devicesText(member, page),
    ...(isMe ? [texts.you] : [isVerified ? texts.verified : texts.notVerified]),
    ...(isAdmin && room.kind === "room" ? [texts.admin] : []),
  ];
  const putOut = () =>
    confirm(page, {
      title: texts.removeFrom(name),
      text: texts.removeExplained,
      action: texts.kick,
      isDanger: true,
      onConfirm: async () => {
        await chat.kick(room.target, user);
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
            look="small"
            aria-label={texts.compareWith(name)}
            onClick={() => openDialog("Safety", { user, onChange })}
          >
            {texts.compare}
          </Button>
          {mayPutOut ? (
            <IconButton icon="close" label={texts.removeFrom(name)} onPress={putOut} />
          ) : null}
        </span>
      )}
    </li>
  );
}

/** Adds a user with all of their devices. */
function LetIn({ room, onChange }: { readonly room: RoomState; readonly onChange: () => void }) {
  const { chat, texts } = usePartPage();
  const work = useWork();
  const [user, setUser] = useState("");
  const [missing, setMissing] = useState(0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.run(async () => {
      const rooms = await chat.sealedRooms();
      const done = await rooms.invite(room, user.trim().replace(/^@/, ""));
      setMissing(done.missing);
      setUser("");
      onChange();
    });
  };
  return (
    <form onSubmit={submit}>
      <Field id="let-in" label={texts.letInWhom} value={user} onChange={setUser} isRequired />
      <FaultLine fault={work.fault} />
      {missing > 0 ? <p role="status">{texts.notYetIn(missing)}</p> : null}
      <div className="dialog-actions">
        <Button type="submit" look="main" disabled={work.isBusy}>
          {texts.letIn}
        </Button>
      </div>
    </form>
  );
}

/** Members and their devices, with buttons to add and remove members. */
export function SealedDialog({ target, onClose }: LazyProps["Sealed"]) {
  const { chat, texts } = usePartPage();
  const room = useFact((model) => roomOf(model, target));
  const [changes, setChanges] = useState(0);
  const sealing = useSealing(room, changes);
  const { sealRefusal } = chat;
  const me = chat.model.me;
  const members = sealing?.members ?? [];
  const isAdmin = members.some(({ user, isAdmin: may }) => may && isSameName(user, me));
  const isIn = sealing?.status === "in";
  const onChange = () => setChanges((n) => n + 1);
  return (
    <Dialog title={texts.whoCanRead} onClose={onClose}>
      {room?.isSealed === true ? (
        <>
          {sealRefusal === undefined ? null : <p>{faultText(sealRefusal, texts)}</p>}
          <SealedLine target={target} />
          <ul className="plain-list">
            {members.map((member) => (
              <MemberLine
                key={member.user}
                member={member}
                room={room}
                mayPutOut={isIn && isAdmin && room.kind === "room"}
                onChange={onChange}
              />
            ))}
          </ul>
          {isIn && isAdmin && room.kind === "room" ? (
            <LetIn room={room} onChange={onChange} />
          ) : null}
          {(sealing?.remarks ?? []).map((remark) => (
            <p key={remark} className="hint" dir="auto">
              {cleanText(remark)}
            </p>
          ))}
          <p className="hint">{texts.sealedExplained}</p>
        </>
      ) : (
        <p>{texts.sealedNot}</p>
      )}
    </Dialog>
  );
}

/** The safety number that two users compare, with the actions after comparing. */
export function SafetyDialog({ user, onClose, onChange }: LazyProps["Safety"]) {
  const page = usePartPage();
  const { chat, texts } = page;
  const work = useWork();
  const name = cleanText(user);
  const [number, setNumber] = useState({ digits: "", isVerified: false });
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for once
  useEffect(() => {
    work.run(async () => setNumber(await (await chat.sealedRooms()).safetyNumber(user)));
  }, []);
  const { digits, isVerified } = number;
  const same = () =>
    work.run(async () => {
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
        await (await chat.sealedRooms()).acceptIdentity(user);
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
      <FaultLine fault={work.fault} />
      <div className="dialog-actions">
        <Button onClick={accept}>{texts.safetyNew(name)}</Button>
        {isVerified ? null : (
          <Button look="main" disabled={work.isBusy || digits === ""} onClick={same}>
            {texts.safetySame}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

/** Banner of sealed rooms that this account may join. */
export function Invitations() {
  const { chat, texts, fail } = usePartPage();
  const invitations = useFact(() => chat.invitations);
  const rooms = useFact((model) => model.rooms);
  const isIn = (name: string) =>
    [...rooms.values()].some((room) => room.kind === "room" && isSameName(room.name, name));
  return invitations.map((invitation) => {
    const { room, by } = invitation;
    if (isIn(room)) return null;
    const enter = () => chat.join(room).then(() => chat.dismissInvitation(invitation), fail);
    return (
      <div key={room} className="banner banner-info" role="status">
        <span dir="auto">{texts.invitedInto(cleanText(by ?? texts.server), cleanText(room))}</span>
        <Button onClick={enter}>{texts.enter}</Button>
        <IconButton
          icon="close"
          label={texts.dismiss}
          onPress={() => chat.dismissInvitation(invitation)}
        />
      </div>
    );
  });
}

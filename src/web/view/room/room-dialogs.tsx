import { useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { compareNames } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { FaultLine, useWork } from "../shell/context.tsx";
import { Dialog, FormDialog } from "../shell/dialog.tsx";
import { faultText } from "../shell/fault-text.ts";
import { Check, Field } from "../shell/form.tsx";
import { Icon } from "../shell/icons.tsx";
import type { JoinProps, Missing, TopicProps } from "../shell/lazy.tsx";
import { usePartPage } from "../shell/part-page.ts";

type RoomEntry = Answer<"rooms">["rooms"][number];

/** Joins a room, asks for its password, or whether to make it. */
export function JoinDialog({
  onClose,
  onOpen,
  room: given = "",
  missing: lacks,
  ...rest
}: JoinProps) {
  const { texts, chat } = usePartPage();
  const [room, setRoom] = useState(given);
  const [password, setPassword] = useState(rest.password ?? "");
  const [missing, setMissing] = useState<Missing>(lacks);
  const name = room.trim().replace(/^#/, "");
  const create = missing === "room";
  /** A new object for each try: the focus goes back to the field. */
  const [wrong, setWrong] = useState<{ readonly text: string } | undefined>(
    lacks === "password" && password !== ""
      ? { text: texts.faults["room-password-wrong"] ?? "" }
      : undefined,
  );
  useEffect(() => {
    if (wrong !== undefined) document.getElementById("join-password")?.focus();
  }, [wrong]);
  const [isSealed, setSealed] = useState(rest.isSealed === true);
  const canSeal = chat.sealRefusal === undefined;
  const join = async () => {
    setWrong(undefined);
    try {
      const sealed = isSealed && (create || missing === undefined);
      // Of a sealed room there is none: its field is gone, whatever was typed there.
      const isOpen = password === "" || (create && sealed);
      const options = { create, sealed, ...(isOpen ? {} : { password }) };
      const joined = await chat.join(name, options);
      onClose();
      onOpen(joined);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "room-unknown" && !create) return setMissing("room");
      if (error.code !== "room-password-wrong") throw error;
      setMissing("password");
      setWrong({ text: password === "" ? "" : faultText(error, texts) });
    }
  };
  return (
    <FormDialog
      title={texts.joinOrMake}
      action={create ? texts.make : texts.join}
      onSubmit={join}
      onClose={onClose}
    >
      <Field
        id="join-room"
        label={texts.room}
        value={room}
        onChange={(value) => {
          setRoom(value);
          setMissing(undefined);
        }}
        complete="off"
        isRequired
        isFirst={given === ""}
      />
      {missing === undefined ? null : (
        <>
          <p role="status" dir="auto">
            {create ? texts.roomUnknown(cleanText(name)) : texts.passwordOfRoom(cleanText(name))}
          </p>
          {create && canSeal ? (
            <Check label={texts.makeSealed} isOn={isSealed} onChange={setSealed} />
          ) : null}
          {create && isSealed ? null : (
            <Field
              id="join-password"
              label={texts.password}
              type="password"
              value={password}
              onChange={setPassword}
              complete="off"
              fault={wrong?.text}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}

/** Pages that are asked for: rooms of a server that many would never end. */
const PAGES_MAX = 20;

export function RoomsDialog({ onClose, onOpen }: JoinProps) {
  const { texts, chat, show } = usePartPage();
  const work = useWork();
  const [rooms, setRooms] = useState<readonly RoomEntry[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for once
  useEffect(() => {
    work.run(async () => {
      let after: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const asked = after === undefined ? {} : { after };
        const { rooms: some, more } = await chat.request("rooms", asked);
        setRooms((before) =>
          [...before, ...some].sort((one, other) => compareNames(one.room, other.room)),
        );
        after = some.at(-1)?.room;
        if (!more) return;
      }
    });
  }, []);
  const choose = (entry: RoomEntry) => {
    onClose();
    if (entry.joined) onOpen(entry.room);
    else show((close) => <JoinDialog onClose={close} onOpen={onOpen} room={entry.room} />);
  };
  return (
    <Dialog title={texts.browseRooms} onClose={onClose}>
      <ul className="plain-list">
        {rooms.map((entry) => (
          <li key={entry.room}>
            <button type="button" className="list-button" onClick={() => choose(entry)}>
              <span className="list-main" dir="auto">
                #{cleanText(entry.room)}{" "}
                {entry.locked || entry.sealed ? <Icon name="lock" /> : null}
              </span>
              <span className="list-note" dir="auto">
                {[
                  ...(entry.locked && !entry.joined ? [] : [texts.members(entry.members)]),
                  ...(entry.joined ? [texts.joined] : []),
                  ...(entry.locked ? [texts.locked] : []),
                  ...(entry.sealed ? [texts.sealed] : []),
                  ...(entry.topic === "" ? [] : [cleanText(entry.topic)]),
                ].join(" · ")}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <FaultLine fault={work.fault} />
    </Dialog>
  );
}

export function TopicDialog({ room, onClose }: TopicProps) {
  const { texts, chat } = usePartPage();
  const [topic, setTopic] = useState(room.topic);
  const save = async () => {
    await chat.setTopic(room.name, topic.trim());
    onClose();
  };
  return (
    <FormDialog title={texts.changeTopic} action={texts.save} onSubmit={save} onClose={onClose}>
      <Field
        id="topic"
        label={texts.topic}
        value={topic}
        onChange={setTopic}
        complete="off"
        isFirst
      />
    </FormDialog>
  );
}

import { type FormEvent, useEffect, useState } from "react";
import { Fault } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { RoomState } from "../../core/model-state.ts";
import type { Answer } from "../../wire/messages.ts";
import { Dialog } from "./dialog.tsx";
import { Field } from "./entering.tsx";
import { Icon } from "./icons.tsx";
import { FaultLine, usePage, useWork } from "./page-context.tsx";

type RoomEntry = Answer<"rooms">["rooms"][number];

interface OpenProps {
  readonly onClose: () => void;
  readonly onOpen: (target: string) => void;
}

/** What is missing for a room: nothing, its password, or the room itself. */
export type Missing = "password" | "room" | undefined;

interface JoinProps extends OpenProps {
  readonly room?: string;
  readonly missing?: Missing;
}

/** Joins a room, asks for its password, or whether to make it. */
export function JoinDialog({ onClose, onOpen, room: given = "", missing: lacks }: JoinProps) {
  const { texts, chat } = usePage();
  const work = useWork();
  const [room, setRoom] = useState(given);
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState<Missing>(lacks);
  const name = room.trim().replace(/^#/, "");
  const join = (create: boolean) =>
    work.run(async () => {
      try {
        const options = { create, ...(password === "" ? {} : { password }) };
        const joined = await chat.join(name, options);
        onClose();
        onOpen(joined);
      } catch (error) {
        const code = error instanceof Fault ? error.code : undefined;
        if (code === "room-unknown" && !create) return setMissing("room");
        if (code === "room-password-wrong") setMissing("password");
        if (code !== "room-password-wrong" || password !== "") throw error;
      }
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    join(missing === "room");
  };
  return (
    <Dialog title={texts.joinOrMake} onClose={onClose} className="dialog-small">
      <form onSubmit={submit}>
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
              {missing === "room"
                ? texts.roomUnknown(cleanText(name))
                : texts.passwordOfRoom(cleanText(name))}
            </p>
            <Field
              id="join-password"
              label={texts.password}
              type="password"
              value={password}
              onChange={setPassword}
              complete="off"
            />
          </>
        )}
        <FaultLine fault={work.fault} />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button type="submit" className="button button-main" disabled={work.isBusy}>
            {missing === "room" ? texts.make : texts.join}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Pages that are asked for: rooms of a server that many would never end. */
const PAGES_MAX = 20;

export function RoomsDialog({ onClose, onOpen }: OpenProps) {
  const { texts, chat, show } = usePage();
  const work = useWork();
  const [rooms, setRooms] = useState<readonly RoomEntry[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for once
  useEffect(() => {
    work.run(async () => {
      let after: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const asked = after === undefined ? {} : { after };
        const { rooms: some, more } = await chat.request("rooms", asked);
        setRooms((before) => [...before, ...some]);
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
                #{cleanText(entry.room)} {entry.locked ? <Icon name="lock" /> : null}
              </span>
              <span className="list-note" dir="auto">
                {[
                  texts.members(entry.members),
                  ...(entry.joined ? [texts.joined] : []),
                  ...(entry.locked ? [texts.locked] : []),
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

export function TopicDialog({ room, onClose }: { readonly room: RoomState; onClose: () => void }) {
  const { texts, chat } = usePage();
  const work = useWork();
  const [topic, setTopic] = useState(room.topic);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.run(async () => {
      await chat.setTopic(room.name, topic.trim());
      onClose();
    });
  };
  return (
    <Dialog title={texts.changeTopic} onClose={onClose} className="dialog-small">
      <form onSubmit={submit}>
        <Field
          id="topic"
          label={texts.topic}
          value={topic}
          onChange={setTopic}
          complete="off"
          isFirst
        />
        <FaultLine fault={work.fault} />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button type="submit" className="button button-main" disabled={work.isBusy}>
            {texts.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

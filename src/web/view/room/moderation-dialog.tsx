/** Dialog that confirms a moderation action, with a room field if no room is given. */

import { useState } from "react";
import { isConversation } from "../../../core/model/room.ts";
import { type CloseProps, usePage } from "../shell/context.tsx";
import { FormDialog } from "../shell/dialog.tsx";
import { Field } from "../shell/form.tsx";
import { useShownName, useTitle } from "./person.tsx";

export type ModerationAct = "mute" | "unmute" | "kick" | "grant" | "ungrant";

interface ModerationProps extends CloseProps {
  readonly act: ModerationAct;
  readonly user: string;
  readonly room?: string;
}

export function ModerationDialog({ act, user, room: initialRoom, onClose }: ModerationProps) {
  const { texts, chat } = usePage();
  const rooms = [...chat.model.rooms.values()].filter((room) => !isConversation(room));
  const [room, setRoom] = useState(initialRoom ?? rooms[0]?.name ?? "lobby");
  const [reason, setReason] = useState("");
  const hasReason = act === "kick" && rooms.find(({ name }) => name === room)?.isSealed !== true;
  const name = useShownName(user);
  const title = useTitle(room);
  const questions = {
    mute: [texts.muteAsk(name, title), texts.mute, texts.muteExplained],
    unmute: [`${texts.unmute}: ${name}`, texts.unmute, ""],
    kick: [texts.kickAsk(name, title), texts.kick, texts.kickExplained],
    grant: [texts.grantAsk(name, title), texts.makeModerator, ""],
    ungrant: [texts.ungrantAsk(name, title), texts.removeModerator, ""],
  } as const;
  const [question, action, explained] = questions[act];
  const submit = () => {
    if (act === "grant" || act === "ungrant")
      return chat.actions.grant(room, user, act === "grant");
    if (act !== "kick") return chat.request("mute", { room, user, on: act === "mute" });
    const words = hasReason ? reason : "";
    return initialRoom === undefined
      ? chat.request("kick", { room, user, reason: words || undefined })
      : chat.actions.kick(room, user, words);
  };
  return (
    <FormDialog
      title={question}
      action={action}
      isDanger={initialRoom === undefined || act === "kick"}
      onSubmit={submit}
      onClose={onClose}
    >
      {explained === "" ? null : <p>{explained}</p>}
      {initialRoom === undefined ? (
        <div className="field">
          <label htmlFor="act-room">{texts.room}</label>
          <input
            id="act-room"
            list="act-rooms"
            value={room}
            required
            onChange={(event) => setRoom(event.target.value)}
          />
          <datalist id="act-rooms">
            {rooms.map((name) => (
              <option key={name.id} value={name.name} />
            ))}
          </datalist>
        </div>
      ) : null}
      {hasReason ? (
        <Field id="act-reason" label={texts.reason} value={reason} onChange={setReason} />
      ) : null}
    </FormDialog>
  );
}

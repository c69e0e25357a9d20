/** Moderation actions of the dashboard: mute, kick, ban, sign out. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import type { PageValue } from "../shell/context.tsx";
import { confirm, FormDialog } from "../shell/dialog.tsx";
import type { MenuItem } from "../shell/menu.tsx";
import { type PartPage, usePartPage } from "../shell/part-page.ts";
import { ResetDialog } from "./reset-dialog.tsx";

type Act = "kick" | "mute" | "unmute";

interface RoomActProps {
  readonly user: string;
  readonly act: Act;
  readonly onClose: () => void;
}

/** Dialog that asks for the room of a kick or mute. */
function RoomAct({ user, act, onClose }: RoomActProps) {
  const { texts, chat } = usePartPage();
  const rooms = [...chat.model.rooms.values()].filter(({ kind }) => kind === "room");
  const [room, setRoom] = useState(rooms[0]?.name ?? "lobby");
  const name = cleanText(user);
  const labels: Readonly<Record<Act, string>> = {
    kick: texts.kick,
    mute: texts.mute,
    unmute: texts.unmute,
  };
  const run = async () => {
    if (act === "kick") await chat.request("kick", { room, user });
    else await chat.request("mute", { room, user, on: act === "mute" });
  };
  const title = act === "kick" ? texts.kickAsk(name, room) : texts.muteAsk(name, room);
  return (
    <FormDialog
      title={act === "unmute" ? `${texts.unmute}: ${name}` : title}
      action={labels[act]}
      isDanger
      onSubmit={run}
      onClose={onClose}
    >
      {act === "unmute" ? null : (
        <p>{act === "kick" ? texts.kickExplained : texts.muteExplained}</p>
      )}
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
          {rooms.map((one) => (
            <option key={one.id} value={one.name} />
          ))}
        </datalist>
      </div>
    </FormDialog>
  );
}

export function moderateItems(page: PageValue, user: string): MenuItem[] {
  const { texts, show } = page;
  const ask = (act: Act) => () =>
    show((close) => <RoomAct user={user} act={act} onClose={close} />);
  return [
    { label: texts.mute, onChoose: ask("mute") },
    { label: texts.unmute, onChoose: ask("unmute") },
    { label: texts.kick, isDanger: true, onChoose: ask("kick") },
  ];
}

/**
 * Signs out all devices of a user, on every server of a cluster.
 * @param hasPassword if false, a reset sets a password first, since the user could not log in again
 */
export function signOut(page: PartPage, user: string, hasPassword = true): void {
  const { texts, chat, show } = page;
  const reset = () => show((close) => <ResetDialog user={user} isSigningOut onClose={close} />);
  if (!hasPassword) return reset();
  confirm(page, {
    title: texts.signOutAsk(cleanText(user)),
    text: texts.signOutExplained,
    action: texts.signOutAll,
    isDanger: true,
    onConfirm: () => chat.request("sign-out", { user }),
  });
}

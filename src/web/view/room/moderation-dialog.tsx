/** Dialog that confirms a moderation action. */

import { cleanText } from "../../../base/text.ts";
import { FormDialog } from "../shell/dialog.tsx";
import type { LazyProps } from "../shell/lazy.tsx";
import { usePartPage } from "../shell/part-page.ts";

/** Confirms an action that is hard to undo. */
export function ModerationDialog({ act, user, room, onClose }: LazyProps["Moderation"]) {
  const { texts, chat } = usePartPage();
  const name = cleanText(user);
  const questions = {
    mute: [texts.muteAsk(name, room), texts.mute, texts.muteExplained],
    kick: [texts.kickAsk(name, room), texts.kick, texts.kickExplained],
    grant: [texts.grantAsk(name, room), texts.makeModerator, ""],
    ungrant: [texts.ungrantAsk(name, room), texts.unmakeModerator, ""],
  } as const;
  const [title, action, explained] = questions[act];
  const submit = async () => {
    if (act === "kick") await chat.kick(room, user);
    else if (act === "mute") await chat.request("mute", { room, user, on: true });
    else await chat.grant(room, user, act === "grant");
  };
  return (
    <FormDialog
      title={title}
      action={action}
      isDanger={act === "kick"}
      onSubmit={submit}
      onClose={onClose}
    >
      <p>{explained}</p>
    </FormDialog>
  );
}

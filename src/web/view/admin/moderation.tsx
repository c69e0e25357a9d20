/** Moderation actions on the dashboard: mute, kick, ban, sign out. */

import { cleanText } from "../../../base/text.ts";
import { ModerationDialog } from "../room/moderation-dialog.tsx";
import type { PageValue } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import type { MenuItem } from "../shell/menu.tsx";
import { ResetDialog } from "./reset-dialog.tsx";

export function moderateItems({ texts, openDialog }: PageValue, user: string): MenuItem[] {
  return [
    { label: texts.mute, onChoose: () => openDialog(ModerationDialog, { act: "mute", user }) },
    { label: texts.unmute, onChoose: () => openDialog(ModerationDialog, { act: "unmute", user }) },
    {
      label: texts.kick,
      isDanger: true,
      onChoose: () => openDialog(ModerationDialog, { act: "kick", user }),
    },
  ];
}

/**
 * Signs out all devices of a user.
 * @param hasPassword if false, the operator must first create a reset code, because the user could
 * not log in again
 */
export function signOut(page: PageValue, user: string, hasPassword = true): void {
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

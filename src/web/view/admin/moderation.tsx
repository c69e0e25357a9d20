/** Moderation actions on the dashboard: mute, kick, ban, sign out. */

import { cleanText } from "../../../base/text.ts";
import type { PageValue } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import type { FullPage } from "../shell/full-page.ts";
import type { MenuItem } from "../shell/menu.tsx";
import { ResetDialog } from "./reset-dialog.tsx";

export function moderateItems({ texts, openDialog }: PageValue, user: string): MenuItem[] {
  return [
    { label: texts.mute, onChoose: () => openDialog("Moderation", { act: "mute", user }) },
    { label: texts.unmute, onChoose: () => openDialog("Moderation", { act: "unmute", user }) },
    {
      label: texts.kick,
      isDanger: true,
      onChoose: () => openDialog("Moderation", { act: "kick", user }),
    },
  ];
}

/**
 * Signs out all devices of a user.
 * @param hasPassword if false, the operator must first create a reset code, because the user could
 * not log in again
 */
export function signOut(page: FullPage, user: string, hasPassword = true): void {
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

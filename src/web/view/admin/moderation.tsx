/** Moderation actions on the dashboard: mute, kick, ban, sign out. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { ModerationDialog } from "../room/moderation-dialog.tsx";
import { type PageValue, usePage } from "../shell/context.tsx";
import { CopyLine } from "../shell/copy-line.tsx";
import { confirm, Dialog, FormDialog } from "../shell/dialog.tsx";
import { Check } from "../shell/form.tsx";
import { type MenuItem, menuItem } from "../shell/menu.tsx";
import { Qr } from "../shell/qr.tsx";

export function moderateItems({ texts, openDialog }: PageValue, user: string): MenuItem[] {
  const moderate = (act: "mute" | "unmute" | "kick") => () =>
    openDialog(ModerationDialog, { act, user });
  return [
    menuItem(texts.mute, moderate("mute")),
    menuItem(texts.unmute, moderate("unmute")),
    { ...menuItem(texts.kick, moderate("kick")), isDanger: true },
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

interface ResetToken {
  readonly token: string;
  readonly expires: number;
}

function ResetResult({ token, expires }: ResetToken) {
  const { texts, times, chat } = usePage();
  const [address] = inviteAddresses(location, chat.addresses, chat.isLocal);
  if (address === undefined) return null;
  const { origin, isLoopback } = address;
  const link = `${origin}/#reset=${token}`;
  return (
    <div className="invite-made">
      {isLoopback ? <p className="warning">{texts.inviteLoopback}</p> : null}
      <Qr text={link} label={texts.resetQr} />
      <p>
        {texts.resetScan} <strong className="reset-origin">{origin}</strong>
        {texts.resetType}
      </p>
      <p className="reset-code">{token}</p>
      <p className="hint">{texts.resetHandOver(times.full(expires))}</p>
      <CopyLine id="reset-link" label={texts.inviteLink} text={link} />
    </div>
  );
}

interface ResetProps {
  readonly user: string;
  readonly isSigningOut?: boolean;
  readonly onClose: () => void;
}

export function ResetDialog({ user, isSigningOut = false, onClose }: ResetProps) {
  const { texts, chat } = usePage();
  const [signOut, setSignOut] = useState(isSigningOut);
  const [result, setResult] = useState<ResetToken | undefined>(undefined);
  const title = texts.resetAsk(cleanText(user));
  if (result !== undefined) {
    return (
      <Dialog title={title} onClose={onClose}>
        <ResetResult {...result} />
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={title}
      action={texts.resetPassword}
      onSubmit={async () => {
        setResult(await chat.request("reset", { user, signOut }));
        return false;
      }}
      onClose={onClose}
    >
      <p>{texts.resetMakeExplained}</p>
      <Check label={texts.resetSignsOut} isOn={signOut} onChange={setSignOut} />
    </FormDialog>
  );
}

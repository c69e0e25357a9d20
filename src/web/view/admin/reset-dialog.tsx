/** Dialog that creates a reset code for a user who has lost their password. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { usePage } from "../shell/context.tsx";
import { Dialog, FormDialog } from "../shell/dialog.tsx";
import { Check } from "../shell/form.tsx";
import { CopyLine, inviteText } from "../shell/invite-dialog.tsx";

interface ResetToken {
  readonly token: string;
  readonly expires: number;
}

function ResetResult({ token, expires }: ResetToken) {
  const { texts, times, chat } = usePage();
  const [address] = inviteAddresses(location, chat.addresses, chat.isLocal);
  if (address === undefined) return null;
  const { origin, isLoopback } = address;
  return (
    <>
      <p>{texts.resetHandOver(times.full(expires))}</p>
      {isLoopback ? <p className="warning">{texts.inviteLoopback}</p> : null}
      <CopyLine id="reset-link" label={texts.inviteLink} text={`${origin}/#reset=${token}`} />
      <CopyLine id="reset-line" label={texts.resetLine} text={inviteText(chat, address, token)} />
    </>
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

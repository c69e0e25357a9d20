/** Dialog that creates a reset code for a user who lost the password. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { Dialog, FormDialog } from "../shell/dialog.tsx";
import { Check } from "../shell/form.tsx";
import { usePartPage } from "../shell/full-page.ts";
import { CopyLine, inviteText } from "../shell/invite-dialog.tsx";

interface Made {
  readonly token: string;
  readonly expires: number;
}

/** The link and the command, each of which sets a new password once. */
function MadeReset({ token, expires }: Made) {
  const { texts, times, chat } = usePartPage();
  const isPassed = document.documentElement.dataset["local"] !== undefined;
  const [place] = inviteAddresses(location, [...chat.cluster], isPassed);
  if (place === undefined) return null;
  const { origin, isLoopback } = place;
  return (
    <>
      <p>{texts.resetHandOver(times.full(expires))}</p>
      {isLoopback ? <p className="warning">{texts.inviteLoopback}</p> : null}
      <CopyLine id="reset-link" label={texts.inviteLink} text={`${origin}/#reset=${token}`} />
      <CopyLine id="reset-line" label={texts.resetLine} text={inviteText(chat, place, token)} />
    </>
  );
}

interface ResetProps {
  readonly user: string;
  /** The user has no other credential to log in again. */
  readonly isSigningOut?: boolean;
  readonly onClose: () => void;
}

export function ResetDialog({ user, isSigningOut = false, onClose }: ResetProps) {
  const { texts, chat } = usePartPage();
  const [signOut, setSignOut] = useState(isSigningOut);
  const [made, setMade] = useState<Made | undefined>(undefined);
  const title = texts.resetAsk(cleanText(user));
  if (made !== undefined) {
    return (
      <Dialog title={title} onClose={onClose}>
        <MadeReset {...made} />
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={title}
      action={texts.resetMake}
      onSubmit={async () => {
        setMade(await chat.request("reset", { user, signOut }));
        return false;
      }}
      onClose={onClose}
    >
      <p>{texts.resetMakeExplained}</p>
      <Check label={texts.resetSignsOut} isOn={signOut} onChange={setSignOut} />
    </FormDialog>
  );
}

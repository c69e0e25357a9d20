/** Dialog that links another device. */

import { useEffect, useState } from "react";
import { formatLinkCode } from "../../../crypto/link-form.ts";
import type { Chat } from "../../driver/chat.ts";
import { grantLink, offerLink } from "../../driver/linking.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { FaultLine, useWork } from "./context.tsx";
import { Dialog } from "./dialog.tsx";
import { usePartPage } from "./full-page.ts";
import { CopyLine, inviteText } from "./invite-dialog.tsx";

function joinLine(chat: Chat): string {
  const [place = { host: location.hostname, port: 443 }] = inviteAddresses(location);
  return `chat link-device --join ${inviteText(chat, place)}`;
}

interface LinkProps {
  readonly onClose: () => void;
  readonly onLinked: () => void;
}

/** Shows a code, and links the device that enters it. */
export function LinkDialog({ onClose, onLinked }: LinkProps) {
  const { chat, texts } = usePartPage();
  const work = useWork();
  const [code, setCode] = useState<Uint8Array | undefined>(undefined);
  const [isDone, setDone] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one code for each time it is opened
  useEffect(() => {
    work.run(async () => {
      setCode(await offerLink(chat.linking));
    });
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: listens as long as there is a code
  useEffect(() => {
    if (code === undefined) return;
    return chat.onEvent((told) => {
      if (told.kind !== "link-asked") return;
      work.run(async () => {
        await grantLink(chat.linking, code, told);
        setDone(true);
        onLinked();
      });
    });
  }, [chat, code]);
  return (
    <Dialog title={texts.linkDevice} onClose={onClose}>
      {isDone ? (
        <p role="status">{texts.linked}</p>
      ) : (
        <>
          <p>{texts.linkExplained}</p>
          {code === undefined ? null : (
            <>
              <CopyLine id="link-line" label={texts.inviteLine} text={joinLine(chat)} />
              <p>{texts.linkCode}</p>
              <p className="link-code">{formatLinkCode(code)}</p>
            </>
          )}
        </>
      )}
      <FaultLine fault={work.fault} />
    </Dialog>
  );
}

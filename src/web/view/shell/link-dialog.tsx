/** Dialog that links another device. */

import { useEffect, useState } from "react";
import { formatLinkCode } from "../../../crypto/link-form.ts";
import { grantLink, offerLink } from "../../driver/linking.ts";
import type { PageClient } from "../../driver/page-client.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { FaultLine, usePage, useTask } from "./context.tsx";
import { Dialog } from "./dialog.tsx";
import { CopyLine, inviteText } from "./invite-dialog.tsx";

function joinCommand(chat: PageClient): string {
  const [address = { host: location.hostname, port: 443 }] = inviteAddresses(
    location,
    chat.addresses,
    chat.isLocal,
  );
  return `chat link-device --join ${inviteText(chat, address)}`;
}

interface LinkProps {
  readonly onClose: () => void;
  readonly onLinked: () => void;
}

export function LinkDialog({ onClose, onLinked }: LinkProps) {
  const { chat, texts } = usePage();
  const task = useTask();
  const [code, setCode] = useState<Uint8Array | undefined>(undefined);
  const [isDone, setDone] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one code per opened dialog
  useEffect(() => {
    task.run(async () => {
      setCode(await offerLink(chat.linking));
    });
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: listens while the code is valid
  useEffect(() => {
    if (code === undefined) return;
    return chat.onEvent((event) => {
      if (event.kind !== "link-asked") return;
      task.run(async () => {
        await grantLink(chat.linking, code, event);
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
              <CopyLine id="link-line" label={texts.inviteLine} text={joinCommand(chat)} />
              <p>{texts.linkCode}</p>
              <p className="link-code">{formatLinkCode(code)}</p>
            </>
          )}
        </>
      )}
      <FaultLine fault={task.fault} />
    </Dialog>
  );
}

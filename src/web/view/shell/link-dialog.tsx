/** Dialog that links another device. */

import { useEffect, useState } from "react";
import { ignoreFault } from "../../../base/fault.ts";
import type { PageClient } from "../../driver/page-client.ts";
import { type InviteAddress, inviteAddresses } from "../../input/invite-addresses.ts";
import { Announced } from "./announced.tsx";
import { type CloseProps, FaultLine, usePage, useTask } from "./context.tsx";
import { CopyLine } from "./copy-line.tsx";
import { Dialog } from "./dialog.tsx";
import { inviteText } from "./invite-text.ts";
import { Qr } from "./qr.tsx";

function joinAddress(chat: PageClient): InviteAddress | undefined {
  return inviteAddresses(location, chat.addresses, chat.isLocal)[0];
}

/** The code is in the fragment, which browsers never send. */
function LinkCode({ code, origin }: { readonly code: string; readonly origin?: string }) {
  const { chat, texts } = usePage();
  const address = joinAddress(chat);
  if (origin !== undefined) {
    return (
      <a href={`${origin}/${chat.linkFragment(code)}`} target="_blank" rel="noreferrer">
        {origin}
      </a>
    );
  }
  return (
    <>
      {address === undefined ? null : <Qr text={`${address.origin}/#link=${code}`} />}
      <p>{texts.linkCode}</p>
      <p className="link-code">{code}</p>
      {address === undefined ? null : (
        <CopyLine
          id="link-line"
          label={texts.linkInTerminal}
          text={`chat link-device ${code} ${inviteText(chat, address)}`}
        />
      )}
    </>
  );
}

interface LinkProps extends CloseProps {
  readonly onLinked?: () => void;
  /** Another address of this page, which becomes the new device. */
  readonly origin?: string;
}

export function LinkDialog({ onClose, onLinked, origin }: LinkProps) {
  const { chat, texts } = usePage();
  const task = useTask();
  const [code, setCode] = useState<string | undefined>(undefined);
  const [isDone, setDone] = useState(false);
  const [isCrowded, setCrowded] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one code per opened dialog
  useEffect(() => {
    const offering = chat.offerLink(() => setCrowded(true));
    task.run(async () => {
      const { code, linked } = await offering;
      setCode(code);
      // A code that somebody entered wrong must not stay on the screen.
      await linked.finally(() => setCode(undefined));
      setDone(true);
      onLinked?.();
    });
    // The task shows the fault if no code could be offered.
    return () => void offering.then(({ end }) => end(), ignoreFault);
  }, []);
  return (
    <Dialog title={texts.linkDevice} onClose={onClose}>
      {isDone ? (
        <Announced kind="result">{texts.linked}</Announced>
      ) : (
        <>
          <p>{origin === undefined ? texts.linkExplained : texts.linkMoves}</p>
          {code === undefined ? null : <LinkCode code={code} origin={origin} />}
          {isCrowded ? <Announced kind="notice">{texts.linkCrowded}</Announced> : null}
        </>
      )}
      <FaultLine fault={task.fault} />
    </Dialog>
  );
}

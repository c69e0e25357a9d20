/** Dialog that creates an invite. */

import { useState } from "react";
import { cleanText, titleText } from "../../../base/text.ts";
import { encodeSecret } from "../../../wire/invite.ts";
import { type InviteAddress, inviteAddresses } from "../../input/invite-addresses.ts";
import { Button } from "./button.tsx";
import { copy } from "./clipboard.ts";
import { FaultLine, usePage, useTask } from "./context.tsx";
import { CopyLine } from "./copy-line.tsx";
import { Dialog } from "./dialog.tsx";
import { SelectField } from "./form.tsx";
import { inviteText } from "./invite-text.ts";
import { Qr } from "./qr.tsx";

const INVITE_LIFETIME_MS = 7 * 24 * 60 * 60_000;

function ShareButton({ address }: { readonly address: string }) {
  const page = usePage();
  const { texts, chat } = page;
  if (!("share" in navigator)) return null;
  const share = () => {
    const title = titleText(chat.model.server?.name ?? "");
    navigator.share({ title, url: address }).catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") return;
      copy(page, address);
    });
  };
  return (
    <p>
      <Button onClick={share}>{texts.inviteShare}</Button>
    </p>
  );
}

interface CreatedInvite {
  readonly token: string;
  readonly untilUnixMs: number;
  readonly addresses: readonly InviteAddress[];
}

function InviteResult({ token, untilUnixMs, addresses: places }: CreatedInvite) {
  const { texts, times, chat } = usePage();
  const [index, setIndex] = useState(0);
  const selected = places[index] ?? places[0];
  if (selected === undefined) return null;
  const address = `${selected.origin}/#invite=${encodeSecret(token)}`;
  return (
    <div className="invite-made">
      {places.length < 2 ? null : (
        <SelectField
          id="invite-place"
          label={texts.inviteAt}
          value={index}
          options={places.map(({ origin }, i) => [i, cleanText(origin.replace(/^https:\/\//, ""))])}
          onChange={setIndex}
        />
      )}
      {selected.isLoopback ? <p className="warning">{texts.inviteLoopback}</p> : null}
      <Qr text={address} />
      <p className="hint">{texts.inviteUntil(times.full(untilUnixMs))}</p>
      <CopyLine id="invite-link" label={texts.inviteLink} text={address} />
      <ShareButton address={address} />
      <CopyLine
        id="invite-line"
        label={texts.inviteLine}
        text={`chat join ${inviteText(chat, selected, token)}`}
      />
    </div>
  );
}

export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts, chat } = usePage();
  const task = useTask();
  const [uses, setUses] = useState(1);
  const [created, setCreated] = useState<CreatedInvite | undefined>(undefined);
  const create = task.onSubmit(async () => {
    const untilUnixMs = Date.now() + INVITE_LIFETIME_MS;
    const { token, places } = await chat.request("invite", { uses, expires: untilUnixMs });
    const isRelayed = document.documentElement.dataset["local"] !== undefined;
    setCreated({ token, untilUnixMs, addresses: inviteAddresses(location, places, isRelayed) });
  });
  return (
    <Dialog title={texts.invite} onClose={onClose}>
      <form onSubmit={create}>
        <p>{texts.inviteExplained}</p>
        <div className="field">
          <label htmlFor="invite-uses">{texts.inviteUses}</label>
          <input
            id="invite-uses"
            type="number"
            min={1}
            max={1000}
            value={uses}
            onChange={(event) => setUses(Math.max(1, Number(event.target.value) || 1))}
            onBlur={(event) => {
              // Restores the effective value, because the user may have emptied the field.
              event.target.value = String(uses);
            }}
          />
        </div>
        <FaultLine fault={task.fault} />
        <Button type="submit" variant="main" disabled={task.isBusy}>
          {texts.createInvite}
        </Button>
      </form>
      {created === undefined ? null : <InviteResult key={created.token} {...created} />}
    </Dialog>
  );
}

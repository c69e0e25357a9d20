import { type FormEvent, lazy, Suspense, useState } from "react";
import { parseFingerprint } from "../../wire/fingerprint.ts";
import { formatInvite, parsePort } from "../../wire/invite.ts";
import { Dialog } from "./dialog.tsx";
import { FaultLine, usePage, useWork } from "./page-context.tsx";

const Qr = lazy(async () => ({ default: (await import("./qr.tsx")).Qr }));
const DAYS_MS = 7 * 24 * 60 * 60_000;
function CopyLine({ id, label, text }: Readonly<Record<"id" | "label" | "text", string>>) {
  const { texts, say, fail } = usePage();
  const copy = () => {
    navigator.clipboard.writeText(text).then(() => say(texts.copied), fail);
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="search-row">
        <input id={id} readOnly value={text} onFocus={(event) => event.target.select()} />
        <button type="button" className="button" onClick={copy}>
          {texts.copy}
        </button>
      </div>
    </div>
  );
}

function terminalLine(secret: string, fingerprint: string | undefined): string {
  const { hostname, port, protocol } = location;
  const standard = protocol === "https:" ? 443 : 80;
  const invite = formatInvite({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? standard : parsePort(port),
    portGiven: true,
    secret,
    ...(fingerprint === undefined ? {} : { fingerprint: parseFingerprint(fingerprint) }),
  });
  return `chat join '${invite}'`;
}

/** Makes a revocable token, as an address for a browser, a line for a terminal, and a code. */
export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts, chat } = usePage();
  const work = useWork();
  const [uses, setUses] = useState(1);
  const [token, setToken] = useState<string | undefined>(undefined);
  const make = (event: FormEvent) => {
    event.preventDefault();
    work.run(async () => {
      const expires = Date.now() + DAYS_MS;
      const made = await chat.request("invite", { uses, expires });
      setToken(made.token);
    });
  };
  const address = `${location.origin}/#invite=${encodeURIComponent(token ?? "")}`;
  return (
    <Dialog title={texts.invite} onClose={onClose}>
      <form onSubmit={make}>
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
          />
        </div>
        <FaultLine fault={work.fault} />
        <button type="submit" className="button button-main" disabled={work.isBusy}>
          {texts.inviteMake}
        </button>
      </form>
      {token === undefined ? null : (
        <div className="invite-made">
          <Suspense>
            <Qr text={address} />
          </Suspense>
          <CopyLine id="invite-link" label={texts.inviteLink} text={address} />
          <CopyLine
            id="invite-line"
            label={texts.inviteLine}
            text={terminalLine(token, chat.model.server?.fingerprint)}
          />
        </div>
      )}
    </Dialog>
  );
}

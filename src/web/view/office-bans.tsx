import { type FormEvent, useCallback, useState } from "react";
import { isName } from "../../base/names.ts";
import { cleanText } from "../../base/text.ts";
import type { Answer } from "../../wire/messages.ts";
import { confirm, Dialog } from "./dialog.tsx";
import { Table } from "./office-clients.tsx";
import { FaultLine, usePage, useTexts, useWork } from "./page-context.tsx";
import { usePolled } from "./polling.ts";

type Ban = Answer<"bans">["bans"][number];

const HOUR_MS = 60 * 60_000;
const SPANS: readonly (readonly [string, number])[] = [
  ["1 h", HOUR_MS],
  ["24 h", 24 * HOUR_MS],
  ["7 d", 7 * 24 * HOUR_MS],
  ["30 d", 30 * 24 * HOUR_MS],
];

function whomOf(whom: string): { user: string } | { address: string } {
  return isName(whom) ? { user: whom } : { address: whom };
}

interface SpanFieldProps {
  /** 0: for good. */
  readonly spanMs: number;
  readonly onChange: (spanMs: number) => void;
}

function SpanField({ spanMs, onChange }: SpanFieldProps) {
  const texts = useTexts();
  return (
    <div className="field">
      <label htmlFor="ban-span">{texts.forHowLong}</label>
      <select
        id="ban-span"
        value={spanMs}
        onChange={(event) => onChange(Number(event.target.value))}
      >
        <option value={0}>{texts.forever}</option>
        {SPANS.map(([name, ms]) => (
          <option key={ms} value={ms}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

export interface BanDialogProps {
  readonly whom?: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function BanDialog({ whom: given = "", onClose, onDone }: BanDialogProps) {
  const { texts, chat } = usePage();
  const work = useWork();
  const [whom, setWhom] = useState(given);
  const [spanMs, setSpanMs] = useState(0);
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.run(async () => {
      await chat.request("ban", {
        ...whomOf(whom.trim().replace(/^@/, "")),
        on: true,
        ...(spanMs === 0 ? {} : { until: Date.now() + spanMs }),
        ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      });
      onDone();
      onClose();
    });
  };
  return (
    <Dialog
      title={whom === "" ? texts.ban : texts.banAsk(cleanText(whom))}
      onClose={onClose}
      className="dialog-small"
    >
      <form onSubmit={submit}>
        <p>{texts.banExplained}</p>
        <div className="field">
          <label htmlFor="ban-whom">{texts.banWhom}</label>
          <input
            id="ban-whom"
            value={whom}
            required
            autoComplete="off"
            onChange={(event) => setWhom(event.target.value)}
          />
        </div>
        <SpanField spanMs={spanMs} onChange={setSpanMs} />
        <div className="field">
          <label htmlFor="ban-reason">{texts.reason}</label>
          <input
            id="ban-reason"
            value={reason}
            autoComplete="off"
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        <FaultLine fault={work.fault} />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button type="submit" className="button button-danger" disabled={work.isBusy}>
            {texts.ban}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function BanRow({ ban, onDone }: { readonly ban: Ban; readonly onDone: () => void }) {
  const page = usePage();
  const { texts, times, chat } = page;
  const { user, address, until, reason } = ban;
  const whom = user ?? address ?? "";
  const lift = () =>
    confirm(page, {
      title: texts.unbanAsk(cleanText(whom)),
      text: "",
      action: texts.unban,
      onConfirm: async () => {
        const of = user === undefined ? { address: whom } : { user };
        await chat.request("ban", { ...of, on: false });
        onDone();
      },
    });
  return (
    <tr>
      <th scope="row" dir="auto">
        {cleanText(whom)}
      </th>
      <td>{until === undefined ? texts.forever : texts.until(times.full(until))}</td>
      <td dir="auto">{cleanText(reason ?? "")}</td>
      <td>
        <button type="button" className="button button-small" onClick={lift}>
          {texts.unban}
        </button>
      </td>
    </tr>
  );
}

export function OfficeBans() {
  const { texts, chat, show } = usePage();
  const ask = useCallback(() => chat.request("bans", {}), [chat]);
  const { value, fault, again } = usePolled(ask);
  const bans = value?.bans ?? [];
  return (
    <>
      <div className="office-bar">
        <button
          type="button"
          className="button"
          onClick={() => show((close) => <BanDialog onClose={close} onDone={again} />)}
        >
          {texts.ban}
        </button>
      </div>
      <FaultLine fault={fault} />
      {bans.length === 0 ? (
        <p className="hint">{texts.officeNone}</p>
      ) : (
        <Table
          label={texts.officeBans}
          heads={[texts.banWhom, texts.forHowLong, texts.reason, texts.more]}
        >
          {bans.map((ban) => (
            <BanRow key={ban.user ?? ban.address} ban={ban} onDone={again} />
          ))}
        </Table>
      )}
    </>
  );
}

/** Dashboard tab: bans, and the dialog that adds one. */

import { useCallback, useState } from "react";
import { foldCase } from "../../../base/case-fold.ts";
import { isName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { Button } from "../shell/button.tsx";
import { confirm, FormDialog } from "../shell/dialog.tsx";
import { SelectField } from "../shell/form.tsx";
import { usePartPage } from "../shell/part-page.ts";
import { type Column, PagedTable, usePagedList } from "./table.tsx";

type Ban = Answer<"bans">["bans"][number];

const HOUR_MS = 60 * 60_000;
const SPANS: readonly (readonly [number, string])[] = [
  [HOUR_MS, "1 h"],
  [24 * HOUR_MS, "24 h"],
  [7 * 24 * HOUR_MS, "7 d"],
  [30 * 24 * HOUR_MS, "30 d"],
];

function whomOf(whom: string): { user: string } | { address: string } {
  return isName(whom) ? { user: whom } : { address: whom };
}

export interface BanDialogProps {
  readonly whom?: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function BanDialog({ whom: given = "", onClose, onDone }: BanDialogProps) {
  const { texts, chat } = usePartPage();
  const [whom, setWhom] = useState(given);
  /** Milliseconds; 0 is permanent. */
  const [spanMs, setSpanMs] = useState(0);
  const [reason, setReason] = useState("");
  const ban = async () => {
    await chat.request("ban", {
      ...whomOf(whom.trim().replace(/^@/, "")),
      on: true,
      ...(spanMs === 0 ? {} : { until: Date.now() + spanMs }),
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
    });
    onDone();
    onClose();
  };
  return (
    <FormDialog
      title={whom === "" ? texts.ban : texts.banAsk(cleanText(whom))}
      action={texts.ban}
      isDanger
      onSubmit={ban}
      onClose={onClose}
    >
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
      <SelectField
        id="ban-span"
        label={texts.forHowLong}
        value={spanMs}
        options={[[0, texts.forever], ...SPANS]}
        onChange={setSpanMs}
      />
      <div className="field">
        <label htmlFor="ban-reason">{texts.reason}</label>
        <input
          id="ban-reason"
          value={reason}
          autoComplete="off"
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
    </FormDialog>
  );
}

function LiftButton({ ban, onDone }: { readonly ban: Ban; readonly onDone: () => void }) {
  const page = usePartPage();
  const { texts, chat } = page;
  const { user } = ban;
  const whom = whomWords(ban);
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
    <Button look="small" onClick={lift}>
      {texts.unban}
    </Button>
  );
}

function whomWords({ user, address }: Ban): string {
  return user ?? address ?? "";
}

export function DashboardBans() {
  const { texts, times, chat, show } = usePartPage();
  const ask = useCallback(
    async (after: { readonly after?: number }) => {
      const { bans, next } = await chat.request("bans", after);
      return { list: bans, next };
    },
    [chat],
  );
  const list = usePagedList(ask);
  const columns: readonly Column<Ban>[] = [
    {
      id: "whom",
      name: texts.banWhom,
      isHead: true,
      cell: (ban) => <span dir="auto">{cleanText(whomWords(ban))}</span>,
      by: (ban) => foldCase(whomWords(ban)),
    },
    {
      id: "until",
      name: texts.forHowLong,
      cell: ({ until }) => (until === undefined ? texts.forever : texts.until(times.full(until))),
      by: ({ until }) => until ?? Number.POSITIVE_INFINITY,
    },
    {
      id: "reason",
      name: texts.reason,
      cell: ({ reason }) => <span dir="auto">{cleanText(reason ?? "")}</span>,
      by: ({ reason }) => foldCase(reason ?? ""),
    },
    {
      id: "more",
      name: texts.more,
      cell: (ban) => <LiftButton ban={ban} onDone={list.again} />,
    },
  ];
  return (
    <PagedTable
      label={texts.dashboardBans}
      columns={columns}
      list={list}
      keyOf={whomWords}
      wordsOf={(ban) => `${whomWords(ban)} ${ban.reason ?? ""}`}
      action={texts.ban}
      onAction={() => show((close) => <BanDialog onClose={close} onDone={list.again} />)}
    />
  );
}

/** Dashboard tab: bans, and the dialog that adds one. */

import { useState } from "react";
import { foldCase } from "../../../base/case-fold.ts";
import { isName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { FormDialog } from "../shell/dialog.tsx";
import { Field, SelectField } from "../shell/form.tsx";
import { useFullPage } from "../shell/full-page.ts";
import { ConfirmButton } from "./confirm-button.tsx";
import { type Column, field, PagedTable, UserText, usePagedList } from "./table.tsx";

type Ban = Answer<"bans">["bans"][number];

const HOUR_MS = 60 * 60_000;
const SPANS: readonly (readonly [number, string])[] = [
  [HOUR_MS, "1 h"],
  [24 * HOUR_MS, "24 h"],
  [7 * 24 * HOUR_MS, "7 d"],
  [30 * 24 * HOUR_MS, "30 d"],
];

function banTarget(whom: string): { user: string } | { address: string } {
  return isName(whom) ? { user: whom } : { address: whom };
}

export interface BanDialogProps {
  readonly whom?: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function BanDialog({ whom: given = "", onClose, onDone }: BanDialogProps) {
  const { texts, chat } = useFullPage();
  const [whom, setWhom] = useState(given);
  /** Milliseconds; 0 is permanent. */
  const [spanMs, setSpanMs] = useState(0);
  const [reason, setReason] = useState("");
  const ban = async () => {
    await chat.request("ban", {
      ...banTarget(whom.trim().replace(/^@/, "")),
      on: true,
      ...(spanMs === 0 ? {} : { until: Date.now() + spanMs }),
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
    });
    onDone();
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
      <Field id="ban-whom" label={texts.banWhom} value={whom} onChange={setWhom} isRequired />
      <SelectField
        id="ban-span"
        label={texts.forHowLong}
        value={spanMs}
        options={[[0, texts.forever], ...SPANS]}
        onChange={setSpanMs}
      />
      <Field id="ban-reason" label={texts.reason} value={reason} onChange={setReason} />
    </FormDialog>
  );
}

function UnbanButton({ ban, onDone }: { readonly ban: Ban; readonly onDone: () => void }) {
  const { texts, chat } = useFullPage();
  const { user } = ban;
  const whom = bannedText(ban);
  const of = user === undefined ? { address: whom } : { user };
  const question = {
    title: texts.unbanAsk(cleanText(whom)),
    text: "",
    action: texts.unban,
    onConfirm: () => chat.request("ban", { ...of, on: false }).then(onDone),
  };
  return <ConfirmButton question={question} />;
}

function bannedText({ user, address }: Ban): string {
  return user ?? address ?? "";
}

export function DashboardBans() {
  const { texts, times, chat, show } = useFullPage();
  const list = usePagedList(async (after) => {
    const { bans, next } = await chat.request("bans", after);
    return { list: bans, next };
  });
  const columns: readonly Column<Ban>[] = [
    {
      id: "whom",
      name: texts.banWhom,
      isHead: true,
      cell: (ban) => <UserText text={bannedText(ban)} />,
      by: (ban) => foldCase(bannedText(ban)),
    },
    {
      id: "until",
      name: texts.forHowLong,
      cell: ({ until }) => (until === undefined ? texts.forever : texts.until(times.full(until))),
      by: ({ until }) => until ?? Number.POSITIVE_INFINITY,
    },
    field("reason", texts.reason),
    {
      id: "more",
      name: texts.more,
      cell: (ban) => <UnbanButton ban={ban} onDone={list.reload} />,
    },
  ];
  return (
    <PagedTable
      label={texts.dashboardBans}
      columns={columns}
      list={list}
      keyOf={bannedText}
      filterText={(ban) => `${bannedText(ban)} ${ban.reason ?? ""}`}
      action={texts.ban}
      onAction={() => show((close) => <BanDialog onClose={close} onDone={list.reload} />)}
    />
  );
}

/** Dashboard tab: bans, and the dialog that adds one. */

import { useState } from "react";
import { foldCase } from "../../../base/case-fold.ts";
import { isName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { DAY_MS, HOUR_MS } from "../../../base/time.ts";
import type { Answer } from "../../../wire/messages.ts";
import { usePage } from "../shell/context.tsx";
import { ConfirmButton, FormDialog } from "../shell/dialog.tsx";
import { Field, SelectField } from "../shell/form.tsx";
import { type Column, field, PagedTable, UserText, usePagedList } from "./table.tsx";

type Ban = Answer<"bans">["bans"][number];

const SPANS: readonly (readonly [number, string])[] = [
  [HOUR_MS, "1 h"],
  [DAY_MS, "24 h"],
  [7 * DAY_MS, "7 d"],
  [30 * DAY_MS, "30 d"],
];

function banTarget(target: string): { user: string } | { address: string } {
  return isName(target) ? { user: target } : { address: target };
}

export interface BanDialogProps {
  readonly target?: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function BanDialog({ target: initialTarget = "", onClose, onDone }: BanDialogProps) {
  const { texts, chat } = usePage();
  const [target, setTarget] = useState(initialTarget);
  /** 0 means a permanent ban. */
  const [spanMs, setSpanMs] = useState(0);
  const [reason, setReason] = useState("");
  const ban = async () => {
    await chat.request("ban", {
      ...banTarget(target.trim().replace(/^@/, "")),
      on: true,
      until: spanMs === 0 ? undefined : Date.now() + spanMs,
      reason: reason.trim() || undefined,
    });
    onDone();
  };
  return (
    <FormDialog
      title={target === "" ? texts.ban : texts.banAsk(cleanText(target))}
      action={texts.ban}
      isDanger
      onSubmit={ban}
      onClose={onClose}
    >
      <p>{texts.banExplained}</p>
      <Field id="ban-whom" label={texts.banWhom} value={target} onChange={setTarget} isRequired />
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
  const { texts, chat } = usePage();
  const { user } = ban;
  const target = bannedText(ban);
  const request = user === undefined ? { address: target } : { user };
  const question = {
    title: texts.unbanAsk(cleanText(target)),
    text: "",
    action: texts.unban,
    onConfirm: () => chat.request("ban", { ...request, on: false }).then(onDone),
  };
  return <ConfirmButton question={question} />;
}

function bannedText({ user, address }: Ban): string {
  return user ?? address ?? "";
}

export function DashboardBans() {
  const { texts, times, chat, show } = usePage();
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
      sortKey: (ban) => foldCase(bannedText(ban)),
    },
    {
      id: "until",
      name: texts.forHowLong,
      cell: ({ until }) => (until === undefined ? texts.forever : texts.until(times.full(until))),
      sortKey: ({ until }) => until ?? Number.POSITIVE_INFINITY,
    },
    field("reason", texts.reason),
    { id: "more", name: texts.more, cell: (ban) => <UnbanButton ban={ban} onDone={list.reload} /> },
  ];
  return (
    <PagedTable
      label={texts.dashboardBans}
      none={texts.nobodyBanned}
      columns={columns}
      list={list}
      keyOf={bannedText}
      filterText={(ban) => `${bannedText(ban)} ${ban.reason ?? ""}`}
      action={texts.ban}
      onAction={() => show((close) => <BanDialog onClose={close} onDone={list.reload} />)}
    />
  );
}

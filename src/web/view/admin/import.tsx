/** Adds people by a class list: every line and what happens to it, before anything changes. */

import { type ChangeEvent, useState } from "react";
import { utf8Encode } from "../../../base/bytes.ts";
import { Fault, msg } from "../../../base/fault.ts";
import { CLASS_LIST_BYTES_MAX } from "../../../base/limits.ts";
import { allAccounts, allRooms } from "../../../client/link/lists.ts";
import { parseClassList } from "../../../core/people/class-list.ts";
import {
  type Confirmed,
  type ImportChange,
  type ImportPlan,
  planImport,
  type Question,
} from "../../../core/people/import-plan.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { problemText } from "../../../ui/text/problem-text.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, FaultLine, type PageValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { Check } from "../shell/form.tsx";
import { importOptions, SaveCards } from "./cards.tsx";
import { type BadLine, type DoneImport, performImport } from "./import-run.ts";
import { DataTable } from "./table.tsx";

interface ImportProps extends CloseProps {
  /** Whether the dialog begins with a field for names instead of a file. */
  readonly asksNames: boolean;
  readonly onDone: () => void;
}

export function ImportDialog({ asksNames, onDone, onClose }: ImportProps) {
  const page = usePage();
  const { texts } = page;
  const task = useTask();
  const [planner, setPlanner] = useState<Planner>();
  const [confirmed, setConfirmed] = useState<Confirmed>(NONE_CONFIRMED);
  const [done, setDone] = useState<DoneImport>();
  const [renews, setRenews] = useState(false);
  const show = (bytes: Uint8Array) =>
    task.run(async () => {
      const next = await plannerOf(page, bytes, renews);
      setConfirmed(NONE_CONFIRMED);
      setPlanner(() => next);
    });
  const perform = (changes: readonly ImportChange[]) =>
    task.run(async () => {
      try {
        await performImport(importOptions(page), changes, setDone);
      } finally {
        onDone();
      }
    });
  const title = asksNames ? texts.addPeople : texts.importList;
  return (
    <Dialog title={title} onClose={() => task.isBusy || onClose()}>
      {done !== undefined ? (
        <Result done={done} />
      ) : planner === undefined ? (
        <>
          <Source asksNames={asksNames} onList={show} />
          <Check label={texts.importRenew} isOn={renews} onChange={setRenews} />
        </>
      ) : (
        <PlanView
          plan={planner(confirmed)}
          isBusy={task.isBusy}
          onConfirm={(subject) => setConfirmed(withSubject(confirmed, subject))}
          onAgain={() => setPlanner(undefined)}
          onPerform={perform}
        />
      )}
      <FaultLine fault={task.fault} />
    </Dialog>
  );
}

/** Plans a list again after each answer. */
type Planner = (confirmed: Confirmed) => ImportPlan;
type Subject = NonNullable<Question["subject"]>;

const NONE_CONFIRMED: Confirmed = { accounts: [], rooms: [] };

function withSubject({ accounts, rooms }: Confirmed, { kind, name }: Subject): Confirmed {
  return kind === "account"
    ? { accounts: [...accounts, name], rooms }
    : { accounts, rooms: [...rooms, name] };
}

/** @throws {Fault} the server's refusals */
async function plannerOf(
  { chat }: PageValue,
  bytes: Uint8Array,
  renews: boolean,
): Promise<Planner> {
  const list = parseClassList(bytes);
  const accounts = await allAccounts(chat.request, { reverse: true, sort: "since" }, true);
  const rooms = await allRooms(chat.request, { reverse: false, sort: "name" }, true);
  const { me } = chat.model;
  return (confirmed) => planImport(list, { accounts, rooms, me, renews, confirmed });
}

interface SourceProps {
  readonly asksNames: boolean;
  readonly onList: (bytes: Uint8Array) => void;
}

function Source({ asksNames, onList }: SourceProps) {
  const { texts, fail } = usePage();
  const [names, setNames] = useState("");
  const read = async ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
    const [file] = currentTarget.files ?? [];
    if (file === undefined) return;
    if (file.size > CLASS_LIST_BYTES_MAX) {
      const remedy = msg`use a smaller file`;
      throw new Fault("data-foreign", msg`${file.name} is too large`, { remedy });
    }
    onList(new Uint8Array(await file.arrayBuffer()));
  };
  if (!asksNames) {
    return (
      <>
        <p className="hint">{texts.importExplained}</p>
        <label className="field">
          {texts.importFile}
          <input
            type="file"
            accept=".csv,.tsv,.txt,text/csv,text/plain"
            onChange={(event) => void read(event).catch(fail)}
          />
        </label>
      </>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onList(utf8Encode(names));
      }}
    >
      <label className="field">
        {texts.importNames}
        <textarea
          rows={8}
          value={names}
          required
          onChange={(event) => setNames(event.target.value)}
        />
      </label>
      <div className="dialog-actions">
        <Button type="submit" variant="main">
          {texts.importShow}
        </Button>
      </div>
    </form>
  );
}

interface PlanProps {
  readonly plan: ImportPlan;
  readonly isBusy: boolean;
  readonly onConfirm: (subject: Subject) => void;
  readonly onAgain: () => void;
  readonly onPerform: (changes: readonly ImportChange[]) => void;
}

/** Shows what each line does, before anything changes. */
function PlanView({ plan, isBusy, onConfirm, onAgain, onPerform }: PlanProps) {
  const { texts } = usePage();
  const { changes, planned, problems, questions, left } = plan;
  const added = changes.filter(({ kind }) => kind === "create-account").length;
  const isOpen = problems.length + questions.length > 0;
  const isDone = !isOpen && changes.length === 0;
  const badLines = problems.map(({ line, reason }) => {
    return { line, text: problemText(reason, texts.lang) };
  });
  return (
    <>
      <Announced kind="result">
        {problems.length > 0
          ? texts.importProblems(problems.length)
          : isOpen
            ? texts.importQuestions(questions.length)
            : isDone
              ? texts.importNothing
              : texts.importPlan(added, changes.length)}
      </Announced>
      <div className="dialog-actions">
        <Button onClick={onAgain}>{texts.importAgain}</Button>
        {isOpen || isDone ? null : (
          <Button variant="main" disabled={isBusy} onClick={() => onPerform(changes)}>
            {added > 0 ? texts.importAdd(added) : texts.importChange}
          </Button>
        )}
      </div>
      <Lines
        problems={badLines}
        questions={questions}
        changes={problems.length > 0 ? [] : planned}
        left={left}
        onConfirm={onConfirm}
      />
    </>
  );
}

interface LinesProps {
  readonly problems: readonly BadLine[];
  readonly changes?: readonly ImportChange[];
  readonly left?: ImportPlan["left"];
  readonly questions?: readonly Question[];
  readonly onConfirm?: (subject: Subject) => void;
}

function Lines({ problems, changes = [], left = [], questions = [], onConfirm }: LinesProps) {
  const { texts } = usePage();
  const texted = [
    ...changes.flatMap((change) => {
      const text = changeText(change, texts);
      return text === undefined ? [] : [{ line: change.line, text }];
    }),
    ...left.map(({ line, user, room }) => ({ line, text: texts.importLeft(user, room) })),
  ];
  const rows: LineRow[] = [
    ...problems.map((problem) => ({ ...problem, sign: texts.importProblem })),
    ...questions.map(({ line, reason, subject }) => {
      return { line, text: problemText(reason, texts.lang), sign: texts.importQuestion, subject };
    }),
    ...[...Map.groupBy(texted, ({ line }) => line)].map(([line, all]) => {
      return { line, text: all.map(({ text }) => text).join(" · ") };
    }),
  ].sort((one, other) => one.line - other.line);
  if (rows.length === 0) return null;
  return (
    <DataTable label={texts.importLines} heads={[texts.importLine, texts.importResult]}>
      {rows.map(({ line, sign, text, subject }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line may have several problems
        <tr key={i} className={sign === undefined ? undefined : "is-wrong"}>
          <td>{line}</td>
          <td dir="auto" className="wraps">
            {sign === undefined ? null : <span className="work-state is-missing">{sign}</span>}{" "}
            {text}{" "}
            {subject === undefined ? null : (
              <Button onClick={() => onConfirm?.(subject)}>
                {texts.importConfirm(subject.name)}
              </Button>
            )}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

interface LineRow extends BadLine {
  /** Word before the text; `undefined` if the line is clear. */
  readonly sign?: string;
  /** Account or room that the user may confirm. */
  readonly subject?: Subject | undefined;
}

function changeText(change: ImportChange, texts: Texts): string | undefined {
  switch (change.kind) {
    case "create-room":
      return texts.importRoom(change.room);
    case "create-account":
      return texts.importAccount(change.displayName ?? change.user, change.user);
    case "renew-code":
      return texts.importCard(change.displayName ?? change.user);
    case "display-name":
      return change.isNew ? undefined : texts.importRename(change.user, change.text);
    case "add":
      return texts.importJoin(change.user, change.room);
    case "leave":
      return texts.importLeave(change.user, change.room);
    case "grant":
      return texts.importRole(change.user, change.on, change.room);
  }
}

function Result({ done }: { readonly done: DoneImport }) {
  const { texts } = usePage();
  const { changes, total, isCut, cards, refused } = done;
  return (
    <>
      <Announced kind="result">
        {isCut ? texts.importCut(changes, total) : texts.importDone(changes)}
      </Announced>
      <Lines problems={refused} />
      {cards.length === 0 ? null : <SaveCards cards={cards} />}
    </>
  );
}

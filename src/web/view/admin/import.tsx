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
} from "../../../core/people/import-plan.ts";
import { type PlanAnswer, planRows } from "../../../core/people/plan-rows.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, FaultLine, type PageValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { Check } from "../shell/form.tsx";
import { importOptions, SaveCards } from "./cards.tsx";
import { type BadLine, type DoneImport, performImport } from "./import-run.ts";
import { rowText, signOf } from "./plan-text.ts";
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
  const [list, setList] = useState<Uint8Array>(NO_BYTES);
  const [isStale, setIsStale] = useState(false);
  const show = (bytes: Uint8Array) =>
    task.run(async () => {
      const next = await plannerOf(page, bytes, renews);
      setList(bytes);
      setIsStale(false);
      setConfirmed(NONE_CONFIRMED);
      setPlanner(() => next);
    });
  const perform = (changes: readonly ImportChange[]) =>
    task.run(async () => {
      // The user has agreed to these changes, and to no others.
      const next = await plannerOf(page, list, renews);
      if (JSON.stringify(next(confirmed).changes) !== JSON.stringify(changes)) {
        setIsStale(true);
        setPlanner(() => next);
        return;
      }
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
          isStale={isStale}
          onConfirm={(answer) => setConfirmed(withAnswer(confirmed, answer))}
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

const NO_BYTES = new Uint8Array();
const NONE_CONFIRMED: Confirmed = { accounts: [], rooms: [] };

function withAnswer(confirmed: Confirmed, { kind, name }: PlanAnswer): Confirmed {
  const { accounts, rooms, newRooms = [] } = confirmed;
  if (kind === "account") return { ...confirmed, accounts: [...accounts, name] };
  if (kind === "room") return { ...confirmed, rooms: [...rooms, name] };
  return { ...confirmed, newRooms: [...newRooms, name] };
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
  /** The plan differs from the one that the user has agreed to. */
  readonly isStale: boolean;
  readonly onConfirm: (answer: PlanAnswer) => void;
  readonly onAgain: () => void;
  readonly onPerform: (changes: readonly ImportChange[]) => void;
}

/** Shows what each line does, before anything changes. */
function PlanView({ plan, isBusy, isStale, onConfirm, onAgain, onPerform }: PlanProps) {
  const { texts, times } = usePage();
  const { changes, problems, questions } = plan;
  const added = changes.filter(({ kind }) => kind === "create-account").length;
  const isOpen = problems.length + questions.length > 0;
  const isDone = !isOpen && changes.length === 0;
  const rows = planRows(plan).map((row): LineRow => {
    const { line, action, answers } = row;
    const text = rowText(row, { texts, dayOf: times.utcDay });
    const isOpenLine = action === "problem" || action === "question";
    return { line, text, sign: signOf(row, texts), isOpen: isOpenLine, answers };
  });
  return (
    <>
      {isStale ? <Announced kind="result">{texts.importStale}</Announced> : null}
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
      <Lines rows={rows} onConfirm={onConfirm} />
    </>
  );
}

interface LineRow extends BadLine {
  /** Word before the text. */
  readonly sign: string;
  readonly isOpen: boolean;
  readonly answers?: readonly PlanAnswer[];
}

interface LinesProps {
  readonly rows: readonly LineRow[];
  readonly onConfirm?: (answer: PlanAnswer) => void;
}

function Lines({ rows, onConfirm }: LinesProps) {
  const { texts } = usePage();
  if (rows.length === 0) return null;
  return (
    <DataTable label={texts.importLines} heads={[texts.importLine, texts.importResult]}>
      {rows.map(({ line, sign, text, isOpen, answers = [] }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line may have several problems
        <tr key={i} className={isOpen ? "is-wrong" : undefined}>
          <td>{line}</td>
          <td dir="auto" className="wraps">
            <span className={`work-state ${isOpen ? "is-missing" : ""}`}>{sign}</span> {text}{" "}
            {answers.map((answer) => (
              <Button key={answer.kind} onClick={() => onConfirm?.(answer)}>
                {answer.kind === "new-room"
                  ? texts.importNewRoom(answer.name)
                  : texts.importConfirm(answer.name)}
              </Button>
            ))}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

function Result({ done }: { readonly done: DoneImport }) {
  const { texts } = usePage();
  const { changes, total, isCut, cards, refused } = done;
  return (
    <>
      <Announced kind="result">
        {isCut ? texts.importCut(changes, total) : texts.importDone(changes)}
      </Announced>
      <Lines rows={refused.map((line) => ({ ...line, sign: texts.importProblem, isOpen: true }))} />
      {cards.length === 0 ? null : <SaveCards cards={cards} />}
    </>
  );
}

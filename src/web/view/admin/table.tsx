/** Tables on the dashboard: sorted and filtered here, or paged by the server. */

import { type ReactNode, useEffect, useId, useState } from "react";
import { cutText } from "../../../base/bytes.ts";
import { foldCase } from "../../../base/case-fold.ts";
import { cleanText } from "../../../base/text.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { FaultLine, useOnline, usePage } from "../shell/context.tsx";
import { type Polled, usePolled } from "../shell/polling.ts";

/** Long lists change slowly and are expensive for the server. */
const LONG_LIST_INTERVAL_MS = 10_000;
const FIND_BYTES_MAX = 64;

interface Paged<Row> {
  readonly all: readonly Row[];
  readonly hasMore: boolean;
}

interface PagedList<Row> extends Omit<Polled<Paged<Row>>, "value">, Paged<Row> {
  readonly showMore: () => void;
}

type Page<Row> = { readonly list: readonly Row[]; readonly next: number | undefined };

export function usePagedList<Row>(
  loadPage: (request: { readonly after: number | undefined }) => Promise<Page<Row>>,
): PagedList<Row> {
  const [pages, setPages] = useState(1);
  const fetchPages = async () => {
    const all: Row[] = [];
    let next: number | undefined;
    for (let page = 0; page < pages; page++) {
      const answer = await loadPage({ after: next });
      all.push(...answer.list);
      next = answer.next;
      if (next === undefined) break;
    }
    return { all, hasMore: next !== undefined };
  };
  const { value, fault, reload } = usePolled(fetchPages, true, undefined, `${pages}`);
  const showMore = () => setPages((n) => n + 1);
  return { all: value?.all ?? [], hasMore: value?.hasMore ?? false, fault, reload, showMore };
}

interface TableProps {
  readonly label: string;
  readonly heads: readonly string[];
  readonly children: ReactNode;
}

interface FrameProps extends Omit<TableProps, "heads"> {
  readonly head: ReactNode;
}

function Frame({ label, head, children }: FrameProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions need keyboard access
    <section className="table-box" aria-label={label} tabIndex={0}>
      <table>
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

export function DataTable({ label, heads, children }: TableProps) {
  const cells = heads.map((head) => (
    <th key={head} scope="col">
      {head}
    </th>
  ));
  return (
    <Frame label={label} head={cells}>
      {children}
    </Frame>
  );
}

export interface Order {
  readonly by: string;
  readonly down: boolean;
}

export interface Column<Row> {
  readonly id: string;
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** Absent if users cannot sort by this column. `undefined` sorts first. */
  readonly sortKey?: (row: Row) => string | number | undefined;
  readonly isHead?: boolean;
}

export function field<Row, Key extends keyof Row & string>(
  key: Key,
  name: string,
  show: (value: Row[Key], row: Row) => ReactNode = defaultCell,
): Column<Row> {
  const sortKey = ({ [key]: value }: Row) =>
    typeof value === "number" ? value : typeof value === "string" ? foldCase(value) : undefined;
  return { id: key, name, sortKey, cell: (row) => show(row[key], row) };
}

function defaultCell(value: unknown): ReactNode {
  return typeof value === "number" ? value : <UserText text={String(value ?? "")} />;
}

export function UserText({ text, className }: { readonly text: string; className?: string }) {
  return (
    <span className={className} dir="auto">
      {cleanText(text)}
    </span>
  );
}

export function Marked({ name, marks }: { readonly name: string; marks: readonly unknown[] }) {
  return (
    <>
      <span dir="auto">{name}</span>
      {marks.map((mark) =>
        typeof mark !== "string" ? null : (
          <span key={mark} className="badge">
            {mark}
          </span>
        ),
      )}
    </>
  );
}

interface RowsProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly order: Order | undefined;
  readonly onOrder: (order: Order) => void;
}

interface HeadProps<Row> extends Pick<RowsProps<Row>, "order" | "onOrder"> {
  readonly column: Column<Row>;
  readonly isNumber: boolean;
}

/** Counts, sizes and milliseconds are aligned at their end. */
function isNumber(content: ReactNode): boolean {
  return (
    typeof content === "number" || /^[\d.,]+(?: ?[kMGT]?B(?:\/s)?| ms)?$/.test(String(content))
  );
}

function Head<Row>({ column, isNumber: isRight, order, onOrder }: HeadProps<Row>) {
  const { id, name, sortKey: by } = column;
  const isOn = order?.by === id;
  const className = isRight ? "number" : undefined;
  if (by === undefined) {
    return (
      <th scope="col" className={className}>
        {name}
      </th>
    );
  }
  const state = !isOn ? "none" : order.down ? "descending" : "ascending";
  return (
    <th scope="col" className={className} aria-sort={state}>
      <button
        type="button"
        className="sort-button"
        onClick={() => onOrder({ by: id, down: isOn ? !order.down : false })}
      >
        {name}
        <span aria-hidden="true">{!isOn ? "" : order.down ? " ↓" : " ↑"}</span>
      </button>
    </th>
  );
}

function Rows<Row>(props: RowsProps<Row>) {
  const { label, columns, rows, keyOf, order, onOrder } = props;
  const [first] = rows;
  const heads = columns.map((column) => (
    <Head
      key={column.id}
      column={column}
      isNumber={first !== undefined && isNumber(column.cell(first))}
      order={order}
      onOrder={onOrder}
    />
  ));
  return (
    <Frame label={label} head={heads}>
      {rows.map((row) => (
        <tr key={keyOf(row)}>
          {columns.map(({ id, cell, isHead }) => {
            const content = cell(row);
            return isHead === true ? (
              <th key={id} scope="row">
                {content}
              </th>
            ) : (
              <td key={id} className={isNumber(content) ? "number" : undefined}>
                {content}
              </td>
            );
          })}
        </tr>
      ))}
    </Frame>
  );
}

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: Order | undefined,
): readonly Row[] {
  const sortKey = columns.find(({ id }) => id === order?.by)?.sortKey;
  if (sortKey === undefined || order === undefined) return rows;
  const sign = order.down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [left, right] = [sortKey(a), sortKey(b)];
    if (left === right) return 0;
    return left === undefined || (right !== undefined && left < right) ? -sign : sign;
  });
}

interface FilterProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function Filter({ value, onChange }: FilterProps) {
  const { texts } = usePage();
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{texts.dashboardFilter}</label>
      <input
        id={id}
        type="search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </>
  );
}

interface LocalTableProps<Row> extends Omit<RowsProps<Row>, "order" | "onOrder"> {
  readonly filterText: (row: Row) => string;
  /** Sentence in place of a table without rows. */
  readonly none: string;
  readonly bar?: ReactNode;
}

export function LocalTable<Row>({ filterText, none, bar, ...props }: LocalTableProps<Row>) {
  const { texts } = usePage();
  const [order, setOrder] = useState<Order | undefined>(undefined);
  const [filter, setFilter] = useState("");
  const query = foldCase(filter);
  const matches =
    query === ""
      ? props.rows
      : props.rows.filter((row) => foldCase(filterText(row)).includes(query));
  const rows = sortRows(matches, props.columns, order);
  const emptyText = props.rows.length === 0 ? none : texts.foundNothing;
  return (
    <>
      <div className="dashboard-bar">
        {bar}
        {props.rows.length === 0 ? null : <Filter value={filter} onChange={setFilter} />}
      </div>
      {rows.length === 0 ? (
        <p className="hint">{emptyText}</p>
      ) : (
        <Rows {...props} rows={rows} order={order} onOrder={setOrder} />
      )}
    </>
  );
}

interface PagedTableProps<Row> extends Omit<LocalTableProps<Row>, "rows" | "bar"> {
  readonly list: PagedList<Row>;
  readonly action: string;
  readonly onAction: () => void;
}

export function PagedTable<Row>({ list, action, onAction, ...props }: PagedTableProps<Row>) {
  const { texts } = usePage();
  const { all, hasMore, fault, showMore } = list;
  return (
    <>
      <FaultLine fault={fault} />
      <LocalTable {...props} rows={all} bar={<Button onClick={onAction}>{action}</Button>} />
      {hasMore ? <More onMore={showMore} label={texts.dashboardShowMore} /> : null}
    </>
  );
}

function More({ label, onMore }: { readonly label: string; readonly onMore: () => void }) {
  return (
    <div className="dashboard-bar">
      <Button onClick={onMore}>{label}</Button>
    </div>
  );
}

export interface ListRequest {
  readonly find?: string;
  readonly sort?: string;
  readonly down?: boolean;
  readonly skip?: number;
}

interface ServerPage<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly summary: string;
}

interface ServerTableProps<Row> extends Omit<RowsProps<Row>, "rows" | "onOrder" | "columns"> {
  readonly load: (request: ListRequest) => Promise<ServerPage<Row>>;
  readonly none: string;
  readonly columnsOf: (reload: () => void) => readonly Column<Row>[];
  readonly bar?: (reload: () => void) => ReactNode;
  /** In place of the bar, below a table with at most one row that was not searched for. */
  readonly start?: (reload: () => void) => ReactNode;
}

const DEBOUNCE_MS = 250;

function useDebounced<Value>(value: Value, ms: number): Value {
  const [debounced, setDebounced] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return debounced;
}

export function ServerTable<Row>(props: ServerTableProps<Row>) {
  const { label, load: ask, columnsOf, keyOf, order: first, none, bar, start } = props;
  const { texts } = usePage();
  const [order, setOrder] = useState(first);
  const [filter, setFilter] = useState("");
  const [pages, setPages] = useState(1);
  const find = useDebounced(filter.trim(), DEBOUNCE_MS);
  const fetchPages = async () => {
    const rows: Row[] = [];
    const request = {
      find: find === "" ? undefined : cutText(find, FIND_BYTES_MAX),
      sort: order?.by,
      down: order?.down,
    };
    for (let page = 1; ; page++) {
      const answer = await ask({ ...request, skip: rows.length });
      rows.push(...answer.rows);
      if (page >= pages || rows.length >= answer.total || answer.rows.length === 0) {
        return { ...answer, rows };
      }
    }
  };
  const pollKey = JSON.stringify([find, order, pages]);
  const { value, fault, reload } = usePolled(
    fetchPages,
    useOnline(),
    LONG_LIST_INTERVAL_MS,
    pollKey,
  );
  if (value === undefined) return <FaultLine fault={fault} />;
  const atStart = find === "" && value.total <= 1 ? start?.(reload) : undefined;
  return (
    <>
      <div className="dashboard-bar">
        <Filter value={filter} onChange={setFilter} />
        <Announced kind="result" as="span" className="hint">
          {value.summary}
        </Announced>
        {atStart === undefined ? bar?.(reload) : null}
      </div>
      <FaultLine fault={fault} />
      {value.rows.length === 0 ? (
        <p className="hint">{find === "" ? none : texts.foundNothing}</p>
      ) : (
        <Rows
          label={label}
          columns={columnsOf(reload)}
          rows={value.rows}
          keyOf={keyOf}
          order={order}
          onOrder={setOrder}
        />
      )}
      {atStart}
      {value.rows.length < value.total ? (
        <More onMore={() => setPages((n) => n + 1)} label={texts.dashboardShowMore} />
      ) : null}
    </>
  );
}

"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const matrix = $("matrix"), form = document.querySelector(".controls");
  const rows = [...matrix.tBodies[0].rows], heads = [...matrix.tHead.rows[0].cells];
  const people = heads.map((head, column) => ({ head, column })).filter(({ head }) => head.dataset.text !== undefined);
  const fields = ["q", "who", "least"];

  // The view is in the address, so that it can be sent to somebody: #q=prod&who=grace&least=2&sort=people&dir=desc
  const view = new URLSearchParams(location.hash.slice(1));
  const remember = (key, value) => {
    value ? view.set(key, value) : view.delete(key);
    history.replaceState(null, "", view.size ? "#" + view : location.pathname + location.search);
  };

  // Every word must be there, whatever its case.
  const has = (text, words) => words.every((word) => text.toLowerCase().includes(word));
  const wordsOf = (id) => $(id).value.toLowerCase().split(/\s+/).filter(Boolean);

  function search() {
    const stack = wordsOf("q"), who = wordsOf("who"), least = Number($("least").value);
    const wanted = people.filter(({ head }) => has(head.dataset.text, who));
    const columns = new Set(wanted.map(({ column }) => column));
    let shown = 0;
    for (const row of rows) {
      const reached = wanted.some(({ column }) => Number(row.cells[column].dataset.value) >= least);
      row.hidden = !has(row.dataset.text, stack) || (least > 0 && !reached);
      if (!row.hidden) shown++;
      for (const { column } of people) {
        const cell = row.cells[column];
        cell.hidden = !columns.has(column);
        cell.classList.toggle("less", cell.textContent !== "" && Number(cell.dataset.value) < least);
      }
    }
    for (const { head, column } of people) head.hidden = !columns.has(column);
    $("shown").textContent = `${shown} of ${rows.length} stacks, ${wanted.length} of ${people.length} people`;
  }

  const valueOf = (row, column, numeric) => {
    const cell = row.cells[column], value = cell.dataset.value ?? cell.textContent.trim();
    return numeric ? Number(value) : value;
  };

  function sort(table, column, descending) {
    const all = [...table.tHead.rows[0].cells], numeric = all[column].dataset.kind === "number";
    const compare = (a, b) => {
      const x = valueOf(a, column, numeric), y = valueOf(b, column, numeric);
      return numeric ? x - y : x.localeCompare(y, "en", { numeric: true });
    };
    const sorted = [...table.tBodies[0].rows].sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
    table.tBodies[0].append(...sorted);
    all.forEach((head) => head.removeAttribute("aria-sort"));
    all[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      // A button by its role only: browsers leave real ones out where a page that is printed repeats the header.
      const button = document.createElement("span");
      button.setAttribute("role", "button");
      button.tabIndex = 0;
      button.append(...head.childNodes);
      head.append(button);
      const toggle = () => {
        const before = head.getAttribute("aria-sort");
        const descending = before ? before === "ascending" : head.dataset.kind === "number"; // the largest number first
        sort(table, column, descending);
        if (table === matrix) {
          remember("sort", head.dataset.key);
          remember("dir", descending ? "desc" : "asc");
        }
      };
      button.addEventListener("click", toggle);
      button.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault(); // of scrolling
        toggle();
      });
    });
  }

  matrix.addEventListener("click", (event) => {
    const cell = event.target.closest("td.c");
    if (!cell) return;
    matrix.querySelector(".chosen")?.classList.remove("chosen");
    cell.classList.add("chosen");
    const head = heads[cell.cellIndex].textContent.trim(), stack = cell.parentNode.cells[0].textContent.trim();
    $("why").textContent = `${head}, ${stack}: ${cell.title || "no access"}`;
  });

  for (const id of fields) {
    $(id).value = view.get(id) ?? $(id).value;
    $(id).addEventListener("input", () => {
      remember(id, $(id).value === "0" ? "" : $(id).value);
      search();
    });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    fields.forEach((id) => remember(id, ""));
    setTimeout(search); // once the fields are empty
  });

  const column = heads.findIndex((head) => head.dataset.key === view.get("sort"));
  if (column >= 0) sort(matrix, column, view.get("dir") === "desc");
  search();
  form.hidden = $("why").hidden = false;
})();

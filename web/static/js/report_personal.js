// Personal data in what is typed: the patterns of hotspots/personal.py, and its rule of birth numbers.
//
//   reportPersonal(patterns) -> find(text, year) -> ["birth_number", …] in the order of the patterns' kinds
"use strict";
window.reportPersonal = (said) => {
  const patterns = said.patterns.map(({ kind, pattern, rule }) => ({ kind, rule, pattern: new RegExp(pattern, "g") }));
  const kinds = [...new Set(said.patterns.map((one) => one.kind))];
  const after = new RegExp(said.noPhoneAfter);
  const before = new RegExp(said.noPhoneBefore);

  const plainText = (text) => text.normalize("NFKD").replace(/[\p{M}\p{Cf}]/gu, "")
    .replace(/[\u2010-\u2015\u2212]/g, "-").replace(/[ \t\r\n\f\v]+/g, " ");

  const isBirthNumber = (text, year) => {
    const digits = text.replace(/[^0-9]/g, "");
    const short = Number(digits.slice(0, 2));
    if (digits.length !== 10 && !(digits.length === 9 && short <= 53)) return false;
    const born = digits.length === 10 && short <= 53 ? 2000 + short : 1900 + short;
    let month = Number(digits.slice(2, 4));
    month -= (born >= 2004 ? [70, 50, 20] : [50]).find((n) => month > n) || 0;
    const day = Number(digits.slice(4, 6));
    if (born > year || month < 1 || month > 12) return false;
    if (day < 1 || day > new Date(Date.UTC(born, month, 0)).getUTCDate()) return false;
    if (digits.length === 9) return digits.slice(6) !== "000";
    if (Number(digits) % 11 === 0) return true;
    return born <= 1985 && Number(digits.slice(0, 9)) % 11 === 10 && digits[9] === "0";
  };

  return (text, year = new Date().getFullYear()) => {
    const plain = plainText(text);
    const found = new Set();
    const taken = [];
    for (const { kind, rule, pattern } of patterns) {
      for (const match of plain.matchAll(pattern)) {
        const start = match.index + match[0].indexOf(match[1]);
        const end = start + match[1].length;
        if (rule === "birth" && !isBirthNumber(match[1], year)) continue;
        if (rule === "number") {
          if (taken.some(([one, other]) => one < end && start < other)) continue;
          if (after.test(plain.slice(Math.max(0, start - 40), start).toLowerCase())) continue;
          if (before.test(plain.slice(end, end + 12).toLowerCase())) continue;
        }
        found.add(kind);
        taken.push([start, end]);
      }
    }
    return kinds.filter((kind) => found.has(kind));
  };
};

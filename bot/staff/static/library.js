// Sending files in with progress, by choosing or by dropping them; copying a suggestion; saving by keyboard.
// Without it the form sends all chosen files at once, and every link and button works by itself.
(() => {
  "use strict";

  sending(document.querySelector("[data-upload]"));
  reviewing(document.querySelector("[data-review]"));

  function sending(form) {
    if (!form) return;
    const input = form.querySelector("input[type=file]");
    const token = form.querySelector("input[name=csrf]").value;
    const list = form.querySelector("[data-chosen]");
    const button = form.querySelector("[data-send]");
    const news = form.querySelector("[data-told]");
    const limit = Number(form.dataset.limit);
    const waiting = [];
    let busy = false;
    for (const shown of form.querySelectorAll(".drop-hint, .pick")) shown.hidden = false;
    input.classList.add("sr-only"); // what it says is emptied again and again; the list says what was chosen

    function size(bytes) {
      if (bytes < 1024 * 1024) return `${Math.ceil(bytes / 1024)} KB`;
      return `${(bytes / 1024 / 1024).toFixed(1).replace(".", ",")} MB`;
    }

    function add(files) {
      for (const file of files) {
        if (waiting.some((one) => !one.done && one.file.name === file.name && one.file.size === file.size)) continue;
        const one = { file, done: false, row: document.createElement("li") };
        const name = document.createElement("p");
        name.className = "sent-name";
        name.textContent = `${file.name} `;
        const bytes = document.createElement("small");
        bytes.textContent = size(file.size);
        name.append(bytes);
        const drop = document.createElement("button");
        drop.type = "button";
        drop.className = "quiet";
        drop.textContent = "Bỏ";
        drop.setAttribute("aria-label", `Bỏ ${file.name}`);
        drop.addEventListener("click", () => {
          waiting.splice(waiting.indexOf(one), 1);
          one.row.remove();
          list.hidden = list.children.length === 0;
          input.focus();
        });
        one.row.append(name, drop);
        list.append(one.row);
        if (file.size > limit) {
          tell(one, `Tệp lớn hơn mức nhận được (${form.dataset.limitWords}). Bạn chia nhỏ tệp rồi gửi lại nhé.`, "bad");
          one.done = true;
        }
        waiting.push(one);
      }
      list.hidden = list.children.length === 0;
      const ready = waiting.filter((one) => !one.done).length;
      if (ready) news.textContent = `Đã chọn ${ready} tệp. Bấm Gửi lên.`;
    }

    function tell(one, words, tone) {
      const told = one.row.querySelector(".told") || document.createElement("p");
      told.className = `told ${tone}`;
      told.textContent = words;
      one.row.append(told);
      news.textContent = `${one.file.name}: ${words}`;
    }

    function send(one) {
      const bar = document.createElement("progress");
      bar.max = 100;
      bar.value = 0;
      bar.setAttribute("aria-label", `Đang gửi ${one.file.name}`);
      one.row.querySelector("button")?.remove();
      one.row.querySelector(".told")?.remove();
      one.row.append(bar);
      const data = new FormData();
      data.append("csrf", token); // before the file: the server looks at it first
      data.append(input.name, one.file);
      const request = new XMLHttpRequest();
      request.open("POST", `${form.action}?manh=1`);
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
      });
      return new Promise((resolve) => {
        request.addEventListener("loadend", () => {
          bar.remove();
          if (request.status === 200) {
            one.done = true;
            one.isSent = true;
            news.textContent = `${one.file.name}: đã gửi xong.`;
            // The server escaped everything people wrote.
            document.querySelector("[data-live]").innerHTML = request.responseText;
          } else if (request.status === 401) {
            tell(one, "Phiên làm việc đã hết. Bạn đăng nhập lại rồi gửi nhé.", "bad");
          } else if (request.status === 413 || request.status === 422) {
            const isPlain = (request.getResponseHeader("Content-Type") || "").startsWith("text/plain");
            one.done = true;
            tell(one, isPlain ? request.responseText : "Tệp này chưa nhận được.", "bad");
          } else {
            tell(one, "Chưa gửi được. Bạn kiểm tra mạng rồi bấm Gửi lên lần nữa nhé.", "bad");
          }
          resolve();
        });
        request.send(data);
      });
    }

    input.addEventListener("change", () => {
      add(input.files);
      input.value = "";
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      const ready = waiting.filter((one) => !one.done);
      if (!ready.length) {
        news.textContent = "Bạn chưa chọn tệp nào.";
        input.click();
        return;
      }
      busy = true;
      button.setAttribute("aria-busy", "true");
      for (const one of ready) await send(one); // one after the other: a slow line is not divided
      busy = false;
      button.removeAttribute("aria-busy");
      const sent = ready.filter((one) => one.isSent);
      for (const one of sent) one.row.remove();
      list.hidden = list.children.length === 0;
      if (sent.length) news.textContent = `Đã gửi ${sent.length} tệp. Kết quả đọc hiện ở bên dưới.`;
    });
    for (const kind of ["dragenter", "dragover"]) {
      form.addEventListener(kind, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        form.classList.add("over");
      });
    }
    form.addEventListener("dragleave", (event) => {
      if (!form.contains(event.relatedTarget)) form.classList.remove("over");
    });
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("over");
      add(event.dataTransfer.files);
    });
    addEventListener("beforeunload", (event) => {
      if (busy) event.preventDefault();
    });
  }

  function reviewing(form) {
    if (!form) return;
    const field = form.querySelector("[data-save]");
    const copy = form.querySelector("[data-copy]");
    form.querySelector(".with-keys").hidden = !matchMedia("(hover: hover)").matches;
    copy?.addEventListener("click", (event) => {
      event.preventDefault();
      field.value = copy.dataset.copy;
      field.focus();
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector(`button[value="${field.dataset.save}"]`));
    });
  }
})();

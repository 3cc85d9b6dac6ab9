// Copies a one-time link, and shows what is typed into a password field. Without it everything can be done.
(() => {
  "use strict";

  const source = document.querySelector("[data-copy-from]");
  const button = document.querySelector("[data-copy]");
  const told = document.querySelector("[data-copied]");

  function select() {
    source.focus();
    source.select();
  }

  if (source && button && told) {
    button.hidden = false;
    source.addEventListener("focus", () => source.select());
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.value);
        told.textContent = "Đã chép. Bạn dán vào tin nhắn để gửi.";
      } catch {
        // Only pages over https may write to the clipboard.
        select();
        told.textContent = "Liên kết đang được bôi chọn. Bạn bấm giữ rồi chọn Sao chép.";
      }
    });
  }

  const reveal = document.querySelector("[data-reveal]");
  if (reveal) {
    reveal.closest("label").hidden = false;
    reveal.addEventListener("change", () => {
      for (const field of document.querySelectorAll("[data-secret]")) {
        field.type = reveal.checked ? "text" : "password";
      }
    });
  }
})();

// Puts a button beside every moment that fills in where the film is now. Without this script one types the time.
"use strict";

const film = document.getElementById("film");
const form = document.querySelector("form.moments");

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

if (film && form) {
  for (const input of form.querySelectorAll(".moment input")) {
    const button = document.createElement("button");
    const label = form.querySelector(`label[for="${input.id}"]`).textContent;
    button.type = "button";
    button.textContent = form.dataset.takes;
    button.setAttribute("aria-label", `${form.dataset.takes}: ${label}`);
    button.addEventListener("click", () => {
      input.value = clock(film.currentTime);
      input.focus();
    });
    input.after(button);
  }
}

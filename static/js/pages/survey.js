// Input is stored only in this tab, until it is sent, because the survey is anonymous.
import { dropDraft, keepTyped } from "../drafts.js";

const survey = document.querySelector("[data-survey]");
const { learner, survey: name } = survey.dataset;
const form = survey.querySelector("form[data-draft]");
if (form) keepTyped(form, learner);
else dropDraft({ dataset: { draft: name } }, learner); // it was sent

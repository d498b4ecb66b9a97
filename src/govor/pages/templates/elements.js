/* What the scripts of pages share; included at the head of a script's own function. */
const $ = id => document.getElementById(id);
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) name in made && name !== "dir" ? made[name] = value : made.setAttribute(name, value);
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
};

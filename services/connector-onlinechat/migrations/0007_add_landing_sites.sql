-- The landing site that a chat stands on, and the CRM plugin's buttons that it is attached to: columns of the list «Онлайн-чаты».

ALTER TABLE online_chats
    ADD COLUMN landing_site     jsonb,
    ADD COLUMN feedback_buttons jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(feedback_buttons) = 'array');
COMMENT ON COLUMN online_chats.landing_site IS '«Сайт-визитка»: name, text, where it is set up, and how its button «Онлайн-чат» looks (ONL-04, ONL-26); null: none.';
COMMENT ON COLUMN online_chats.feedback_buttons IS '«CRM Plugin»: name and settings address of each feedback button (ONL-03).';

SELECT 'grüße', CHAR_LENGTH('grüße'), UPPER('straße'), '日本', '👍', CHAR_LENGTH('👍'), REVERSE('ab👍'), SUBSTRING('日本語', 2, 1);

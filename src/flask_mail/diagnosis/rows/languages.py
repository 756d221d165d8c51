"""What servers say in other languages than English and Chinese, where the words have one meaning only.

They stand last among the words, so they are asked where nothing else is known.
"""

from __future__ import annotations

import typing as t

from .login import OTHER_REASONS
from .row import Row

_SENDER = (
    r"absender|exp[eé]diteur|remitente|remetente|mittente|afzender|avs[äa]ndare|afsender|nadawc|odes[ií]latel|"
    r"g[öo]nder|отправител|差出人|送信者|발신|\bsender"
)

LANGUAGES: t.Final = (
    Row(
        "auth-wrong",
        text=r"(?:gebruikersnaam|wachtwoord)\b.{0,30}(?:onjuist|ongeldig|verkeerd)|"
        r"(?:onjuiste?|ongeldige?|verkeerde?) (?:gebruikersnaam|wachtwoord)|"
        r"(?:[sş]ifre|parola|kullan[ıi]c[ıi] ad[ıi])\b.{0,20}(?:hatal[ıi]|yanl[ıi][sş]|ge[cç]ersiz)|"
        r"(?:ユーザー?名|パスワード).{0,20}(?:違い|正しくあり|誤り|間違)|認証に失敗|비밀번호.{0,12}(?:틀|잘못|일치하지)",
        unless=OTHER_REASONS,
        code="5xx",
        stage="auth",
    ),
    Row(
        "auth-required",
        text=r"autentica[cç][aã]o (?:[ée] )?(?:obrigat[oó]ria|necess[aá]ria|requerida)|"
        r"autenticazione (?:[èe] )?(?:richiesta|necessaria|obbligatoria)|authenticatie (?:is )?(?:vereist|nodig)|"
        r"требуется (?:аутентификация|авторизация)|wymagan\w+ (?:uwierzytelnieni|autoryzacj)|認証が?必要|인증이 필요",
        stage="mail rcpt data untold",
    ),
    Row(
        "relay-denied",
        text=r"\brelai\w*\b.{0,20}(?:refus|interdit|non autoris)|\brelayage\b.{0,20}(?:refus|interdit|non autoris)|"
        r"\brelay\w*\b.{0,12}(?:verweigert|verboten|nicht (?:erlaubt|gestattet|zul[äa]ssig)|abgelehnt|denegad|"
        r"no (?:est[áa] )?permitid|no autorizad|prohibid|negad|n[ãa]o (?:permitid|autorizad)|proibid|negat|"
        r"non (?:consentit|permess|autorizzat)|niet toegestaan|geweigerd|запрещ|не разреш)|"
        r"ретрансляци\w+ (?:\w+ )?(?:запрещ|не разреш)|(?:中継|転送).{0,8}(?:拒否|禁止|許可されて)|"
        r"(?:不允许|禁止|拒绝)(?:邮件)?(?:转发|中继)|(?:转发|中继)(?:被)?(?:禁止|拒绝)",
        stage="mail rcpt untold",
    ),
    Row(
        "recipient-unknown",
        text=r"unbekannte[rn]? (?:empf[äa]e?nger|benutzer)|"
        r"(?:utilisateur|adresse|bo[iî]te)\b.{0,20}(?:inconnue?\b|inexistante?\b|n'existe pas|introuvable)|"
        r"onbekende (?:gebruiker|ontvanger)|(?:gebruiker|ontvanger|postvak)\b.{0,20}(?:bestaat niet|onbekend)|"
        r"(?:ok[äa]nd|ukendt|ukjent) (?:anv[äa]ndare|mottagare|bruger|modtager|bruker|mottaker)|"
        r"nieznany (?:u[zż]ytkownik|odbiorca|adresat)|(?:u[zż]ytkownik|skrzynka|konto)\b.{0,20}nie istnieje|"
        r"nezn[áa]m[ýy] (?:u[zž]ivatel|p[řr][íi]jemce)|(?:u[zž]ivatel|schr[áa]nka)\b.{0,20}neexistuje|"
        r"(?:kullan[ıi]c[ıi]|al[ıi]c[ıi]|posta kutusu)\b.{0,20}(?:bulunamad[ıi]|mevcut de[gğ]il)|"
        r"(?:пользователь|получатель|адресат|ящик)\b.{0,20}не (?:найден|существует)|"
        r"неизвестный (?:пользователь|получатель)|"
        r"(?:宛先|ユーザー?|メールボックス|受信者).{0,12}(?:存在しま|見つかりま)|"
        r"(?:사용자|수신자|메일함).{0,12}(?:없습|존재하지)",
        unless=_SENDER,
        code="4xx 5xx",
        stage="rcpt",
    ),
    Row(
        "mailbox-full",
        text=r"\bpostvak\b.{0,20}\bvol\b|skrzynka\b.{0,30}(?:pe[łl]na|przepe[łl]niona)|"
        r"schr[áa]nka\b.{0,20}(?:pln[áa]|přeplněn)|posta kutusu\b.{0,10}dolu|"
        r"メールボックス.{0,12}(?:いっぱい|一杯|満杯)",
        code="4xx 5xx",
        stage="rcpt data end-of-data",
    ),
    Row(
        "sender-rejected",
        text=r"absender\w*\b.{0,20}ung[üu]ltig|ung[üu]ltige[rn]? absender|exp[ée]diteur\b.{0,20}(?:invalide|inconnu)|"
        r"(?:remitente|remetente)\b.{0,10}inv[áa]lid|mittente\b.{0,10}non valid",
        stage="mail rcpt data end-of-data",
    ),
    Row(
        "spam-content",
        text=r"(?:похоже на|является|содержит) спам|содержит вирус|スパムと|迷惑メールと|ウイルスが|"
        r"anh[äa]ng\w*\b.{0,20}(?:nicht erlaubt|verboten|blockiert)|"
        r"pi[eè]ces? jointes?\b.{0,20}(?:interdit|non autoris|bloqu)|adjuntos?\b.{0,20}(?:no permitid|prohibid|"
        r"bloquead)|"
        r"anexos?\b.{0,20}(?:n[ãa]o permitid|proibid|bloquead)|allegat[oi]\b.{0,20}(?:non (?:consentit|permess)|"
        r"bloccat|vietat)",
        stage="data end-of-data",
    ),
    Row(
        "server-busy",
        text=r"serveur (?:est )?(?:occup[ée]|surcharg[ée])|сервер (?:\w+ )?(?:перегружен|занят)|"
        r"server (?:ist )?(?:[üu]e?berlastet|ausgelastet)|servidor (?:est[áa] )?(?:ocupado|sobrecar\w+)|"
        r"server (?:[èe] )?sovraccaric|サーバー?が.{0,6}(?:混雑|混み合)",
        code="4xx",
    ),
    Row(
        "quota",
        text=r"(?:tages|stunden|monats)limit\b|l[ií]mite (?:diari|hor[áa]ri|mensual|mensal|journali|horaire|mensuel)|"
        r"quota (?:journali|horaire|mensuel)|(?:дневной|суточный|часовой|месячный) лимит",
        unless=r"destinat|empf[äa]e?nger|postfach|bo[iî]te|buz[óo]n|casella|caixa|получател|ящик",
        stage="mail rcpt data end-of-data",
    ),
)

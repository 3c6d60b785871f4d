"""Every address of the server."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from crc_server.api import act_views, people_views, search_views, unit_views, upload_views
from crc_server.api.errors import bad_request, not_found, server_error
from crc_server.web import access_pages, case_pages, other_pages, search_pages, signing

_V1 = "api/v1/"
urlpatterns = [
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path(f"{_V1}store", unit_views.StoreInfoView.as_view()),
    path(f"{_V1}sessions", people_views.SessionsView.as_view()),
    path(f"{_V1}sessions/current", people_views.SessionView.as_view()),
    path(f"{_V1}sessions/all", people_views.AllSessionsView.as_view()),
    path(f"{_V1}me", people_views.MeView.as_view()),
    path(f"{_V1}me/password", people_views.MyPasswordView.as_view()),
    path(f"{_V1}people", people_views.PeopleView.as_view()),
    path(f"{_V1}people/<str:person>/password", people_views.PersonPasswordView.as_view()),
    path(f"{_V1}people/<str:person>/name", people_views.PersonNameView.as_view()),
    path(f"{_V1}work-list", unit_views.WorkListView.as_view()),
    path(f"{_V1}units/<str:unit>", unit_views.UnitDetailView.as_view()),
    path(f"{_V1}units/<str:unit>/priors", unit_views.PriorUnitsView.as_view()),
    path(f"{_V1}units/<str:unit>/images/<str:role>", unit_views.ImagesView.as_view()),
    path(f"{_V1}units/<str:unit>/images/<str:role>/<str:name>", unit_views.ImageView.as_view()),
    path(f"{_V1}units/<str:unit>/archive", unit_views.ArchiveView.as_view()),
    path(f"{_V1}units/<str:unit>/final", unit_views.FinalDetailView.as_view()),
    path(f"{_V1}units/<str:unit>/final/files/<path:name>", unit_views.FinalFileView.as_view()),
    path(f"{_V1}units/<str:unit>/registration", act_views.AdmitView.as_view()),
    path(f"{_V1}units/<str:unit>/readings", act_views.SubmitView.as_view()),
    path(f"{_V1}units/<str:unit>/finals", act_views.SignView.as_view()),
    path(f"{_V1}readings/<str:reading>", unit_views.ReadingView.as_view()),
    path(f"{_V1}readings/<str:reading>/files/<path:name>", unit_views.ReadingFileView.as_view()),
    path(f"{_V1}uploads/<str:sha256>", upload_views.UploadView.as_view()),
    path(f"{_V1}uploads/<str:sha256>/files/<path:name>", upload_views.UploadFileView.as_view()),
    path(f"{_V1}cases", act_views.CasesView.as_view()),
    path(f"{_V1}intents", act_views.IntentsView.as_view()),
    path(f"{_V1}search", search_views.SearchView.as_view()),
    path(f"{_V1}statistics", search_views.StatisticsView.as_view()),
    path(f"{_V1}progress", search_views.ProgressView.as_view()),
    path(f"{_V1}audit", search_views.AuditView.as_view()),
    path(f"{_V1}cases/<str:case>/records", search_views.RecordsView.as_view()),
    path(f"{_V1}records/<str:kind>", search_views.RecordTableView.as_view()),
    path(f"{_V1}overview", act_views.OverviewView.as_view()),
    path(f"{_V1}advance", act_views.AdvanceView.as_view()),
    path(f"{_V1}events", act_views.EventsView.as_view()),
    path(f"{_V1}events/head", act_views.ChainHeadView.as_view()),
]
urlpatterns += [
    path("", signing.home),
    path("sign-in", signing.sign_in),
    path("sign-out", signing.sign_out),
    path("language", signing.choose_language),
    path("password", other_pages.own_password_page),
    path("search", search_pages.search_page),
    path("search/export", search_pages.export_page),
    path("search/save", search_pages.save_page),
    path("grants", access_pages.grants_page),
    path("grants/new", access_pages.give_page),
    path("grants/<str:grant>/end", access_pages.end_page),
    path("cases/<str:code>", case_pages.case_page),
    path("cases/<str:code>/restore", case_pages.restore_page),
    path("units/<str:unit>/pictures/<str:target>", case_pages.picture_page),
    path("units/<str:unit>/report", case_pages.report_page_of_final),
    path("units/<str:unit>/archive", case_pages.archive_page),
    path("units/<str:unit>/finals/restore", case_pages.final_restore_page),
    path("work", other_pages.work_page),
    path("progress", other_pages.progress_page),
    path("audit", other_pages.audit_page),
    path("people", other_pages.people_page),
    path("tables", other_pages.tables_page),
]
handler400 = bad_request
handler404 = not_found
handler500 = server_error

using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>The first middleware: a request for which there is no memory is answered with status 503, and its connection stays.</summary>
internal sealed class RequestAdmission(NativeServerMemory memory, ConnectionRoom connections, IOptions<NativeServerPoolOptions> options) : IStartupFilter
{
    private readonly string _retryAfter = long.Max(1, (long)Math.Ceiling(options.Value.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => options.Value.HoldsOff
        ? builder =>
        {
            builder.Use(AdmitAsync);
            next(builder);
        }
    : next;

    private async Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        if (connections.IsTight)
        {
            EndConnection(context);
        }

        if (!memory.TryBeginRequest())
        {
            Refuse(context);
            return;
        }

        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (OutOfMemoryException exception) when (NativeMemoryRefusal.Of(exception) is not null && !context.Response.HasStarted)
        {
            var connection = context.Response.Headers.Connection;
            context.Response.Clear();
            context.Response.Headers.Connection = connection;
            Refuse(context);
        }
        finally
        {
            memory.EndRequest();
        }
    }

    /// <summary>Lets the connection end after this request. The client learns it, so it sends no request that is lost.</summary>
    private static void EndConnection(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }
        else
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }

    private void Refuse(HttpContext context)
    {
        memory.NoteRefusedRequest();
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = _retryAfter;
        context.Response.ContentLength = 0;
    }
}

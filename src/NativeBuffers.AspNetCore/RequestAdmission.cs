using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>The first middleware: a request for which there is no memory is answered with status 503, and its connection stays.</summary>
internal sealed class RequestAdmission(
    NativeServerMemory memory,
    ConnectionRoom connections,
    RefusalAnswer answer,
    IOptions<NativeServerPoolOptions> options,
    IMemoryPoolFactory<byte> pools) : IStartupFilter
{
    /// <summary>The most that is received of a refused request's body, in bytes.</summary>
    private const int MostReceived = 1 << 20;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Kestrel was added after the pool, and has replaced it.</exception>
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next)
    {
        if (pools is not ServerPoolFactory)
        {
            throw new InvalidOperationException(
                $"Kestrel was added after the pool, and has replaced it: call {nameof(NativeMemoryPoolServices.AddNativeMemoryPool)} after UseKestrel and ConfigureWebHostDefaults.");
        }

        return options.Value.HoldsOff
            ? builder =>
            {
                builder.Use(AdmitAsync);
                next(builder);
            }
        : next;
    }

    private async Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        if (connections.IsTight)
        {
            EndConnection(context);
        }

        if (!memory.TryBeginRequest())
        {
            if (!HttpProtocol.IsHttp11(context.Request.Protocol))
            {
                await ReceiveAsync(context.Request.Body).ConfigureAwait(false);
            }

            answer.Refuse(context);
            return;
        }

        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (OutOfMemoryException exception) when (answer.CanAnswer(context, exception))
        {
            answer.Refuse(context);
        }
        finally
        {
            memory.EndRequest();
        }
    }

    /// <summary>Receives the start of a body that no code reads.</summary>
    /// <remarks>
    /// A stream of HTTP/2 that is answered before its body has arrived is counted for some seconds more. A client that is refused often would have
    /// too many, and Kestrel resets further ones without an answer.
    /// </remarks>
    private static async Task ReceiveAsync(Stream body)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            int read;
            for (int left = MostReceived; left > 0 && (read = await body.ReadAsync(buffer).ConfigureAwait(false)) != 0; left -= read)
            {
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Lets the connection end after this request. The client learns it, so it sends no request that is lost.</summary>
    private static void EndConnection(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            // At the end, because an application that handles exceptions removes all headers.
            context.Response.OnStarting(
                static response =>
                {
                    ((HttpResponse)response).Headers.Connection = "close";
                    return Task.CompletedTask;
                },
                context.Response);
        }
        else
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }
}

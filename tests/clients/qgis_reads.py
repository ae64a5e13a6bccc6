"""What QGIS makes of the service, as JSON on standard output; runs under the Python that QGIS belongs to.

    python3 qgis_reads.py URL PICTURE [POSTGRES_URI PLAN]

Layers are let go before QGIS is, or it crashes at its end.
"""

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsSimpleFillSymbolLayer,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

MERCATOR = "EPSG:3857"


def told(layer):
    """What a layer holds: fields, and for each feature its key, its figures, its area and its middle in degrees."""
    assert layer.isValid(), layer.error().message()
    features = []
    for feature in layer.getFeatures():
        shape = feature.geometry()
        middle = shape.centroid().asPoint()
        features.append(
            {
                "code": feature["code"] if "code" in layer.fields().names() else feature["id"],
                "households": feature["households"] if "households" in layer.fields().names() else None,
                "area": shape.area(),
                "middle": [middle.x(), middle.y()],
                "is_valid": shape.isGeosValid(),
            }
        )
    return {
        "fields": {field.name(): field.typeName() for field in layer.fields()},
        "crs": layer.crs().authid(),
        "features": features,
    }


def paint(layers, box, picture):
    """The layers as a picture, first on top; the share of it that is not white."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(MERCATOR))
    settings.setBackgroundColor(QColor("white"))
    settings.setOutputSize(QSize(900, 900))
    settings.setExtent(box)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(picture)
    n = 30
    coloured = sum(image.pixelColor(x, y) != QColor("white") for x in range(0, 900, n) for y in range(0, 900, n))
    return coloured / (900 // n) ** 2


def main(url, picture, database=None, plan=None):
    application = QgsApplication([], False)
    application.initQgis()
    layers = []

    def features(collection):
        layers.append(QgsVectorLayer(f"url='{url}/' typename='{collection}'", collection, "OAPIF"))
        return layers[-1]

    def tiles(collection, zoom_from):
        source = f"type=xyz&url={url}/tiles/{collection}/{{z}}/{{x}}/{{y}}.mvt&zmin={zoom_from}&zmax=16"
        layers.append(QgsVectorTileLayer(source, collection))
        assert layers[-1].isValid()
        return layers[-1]

    answer = {"version": Qgis.QGIS_VERSION}
    for collection in ("grids", "buildings", "streets", "incidents", "cameras"):
        answer[collection] = told(features(collection))
    grids = layers[0]
    degrees = grids.extent()
    to_mercator = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"), QgsCoordinateReferenceSystem(MERCATOR), QgsProject.instance()
    )
    box = to_mercator.transformBoundingBox(degrees)
    box = QgsRectangle(box).buffered(0.05 * box.width())
    outline = QgsSimpleFillSymbolLayer(QColor(0, 0, 0, 0))
    outline.setStrokeColor(QColor("crimson"))
    outline.setStrokeWidth(0.8)
    grids.renderer().symbol().changeSymbolLayer(0, outline)
    answer["painted_tiles"] = paint([tiles("buildings", 9), tiles("communities", 6)], box, f"{picture}-tiles.png")
    answer["painted"] = paint([grids, layers[1], layers[2], tiles("communities", 6)], box, f"{picture}.png")
    window = QgsRectangle(degrees.center().x(), degrees.yMinimum(), degrees.xMaximum(), degrees.center().y())
    layers.append(QgsVectorLayer(f"url='{url}/' typename='buildings' restrictToRequestBBOX='1'", "window", "OAPIF"))
    answer["window"] = {
        "box": [window.xMinimum(), window.yMinimum(), window.xMaximum(), window.yMaximum()],
        "n": sum(1 for _ in layers[-1].getFeatures(QgsFeatureRequest().setFilterRect(window))),
    }
    if database:
        table = (
            f"{database} key='fid' srid=4326 type=Polygon table=\"public\".\"plan_grids\" (geom) sql=plan = '{plan}'"
        )
        layers.append(QgsVectorLayer(table, "table", "postgres"))
        answer["table"] = told(layers[-1])
    layers.clear()
    del grids
    application.exitQgis()
    print(json.dumps(answer))


main(*sys.argv[1:])
